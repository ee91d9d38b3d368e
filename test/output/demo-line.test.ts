import { describe, expect, it } from 'vitest';
import { renderCard } from '../../scripts/output/card.ts';
import { demoLines } from '../../scripts/output/demo-line.ts';
import { samplePlan } from '../support/plan.ts';

const demo = { examples: 100, seconds: 20_760, usd: 14.42 };

describe('a demo first', () => {
  it('is recommended with its time, its price and its command', () => {
    expect(demoLines(demo, 'my plan.json')).toEqual([
      'Recommended first: 100 examples, about 5 h 46 min and $14.42, show whether the data teach what they should',
      "hf-llm-trainer plan --from 'my plan.json' --examples 100 --epochs 1",
    ]);
    expect(renderCard(samplePlan(), 'd', 'p.json', demo)).toMatch(/^Demo +Recommended first: 100 examples/m);
  });

  it('is not named where there is none', () => {
    expect(demoLines(null, 'p.json')).toEqual([]);
    expect(renderCard(samplePlan(), 'd', 'p.json')).not.toMatch(/demo/i);
  });
});
