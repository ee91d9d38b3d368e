import { describe, expect, it } from 'vitest';
import { renderCard } from '../../scripts/output/card.ts';
import { demoLines } from '../../scripts/output/demo-line.ts';
import { samplePlan } from '../support/plan.ts';

const parts = { setup: 240, training: 36_000, generation: 0, evaluation: 600, checkpoints: 60, saving: 60 };
const plan = (change: object = {}) => {
  const sample = samplePlan();
  return samplePlan({
    dataset: { ...sample.dataset, rows: { total: 60_000, used: 50_000, left_out: [] } },
    hardware: { ...sample.hardware, usd_per_hour: 2.5 },
    estimate: { ...sample.estimate, usd: 25.67, seconds: 36_960, seconds_parts: parts },
    ...change,
  });
};

describe('a demo first', () => {
  it('is recommended where the run costs more than a few dollars, with its time, its price and its command', () => {
    // 300 s around it, and 100 of 50,000 rows once: 72 s.
    expect(demoLines(plan(), 'my plan.json')).toEqual([
      'Recommended first: 100 examples, about 6 min and $0.30, show whether the data teach what they should',
      "hf-llm-trainer plan --from 'my plan.json' --examples 100 --epochs 1",
    ]);
    expect(renderCard(plan(), 'd', 'p.json')).toMatch(/^Demo +Recommended first: 100 examples/m);
  });

  it('counts each pass over the data', () => {
    const { recipe } = samplePlan();
    const thrice = plan({ recipe: { ...recipe, training_args: { ...recipe.training_args, num_train_epochs: 3 } } });
    expect(demoLines(thrice, 'p.json')[0]).toContain('about 5 min and $0.25');
  });

  const { dataset, estimate } = plan();
  it.each<[string, object]>([
    ['a demo', { dataset: { ...dataset, examples: 100 } }],
    ['what costs less', { estimate: { ...estimate, usd: 3 } }],
    ['a few rows', { dataset: { ...dataset, rows: { ...dataset.rows, used: 100 } } }],
    ['what costs nothing', { estimate: { ...estimate, usd: 0 } }],
  ])('is not recommended for %s', (_, change) => expect(demoLines(plan(change), 'p.json')).toEqual([]));
});
