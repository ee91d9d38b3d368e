import { describe, expect, it } from 'vitest';
import { renderCard } from '../../scripts/output/card.ts';
import { demoLines } from '../../scripts/output/demo-line.ts';
import { samplePlan } from '../support/plan.ts';

const demo = { examples: 100, seconds: 20_760, usd: 14.42 };

describe('a demo first', () => {
  it('is recommended with its time, its price and its command', () => {
    expect(demoLines(demo, 'my plan.json')).toEqual([
      'Recommended first: 100 examples, about 5 h 46 min and $14.42, show memory, speed, and whether the data teach it',
      "hf-llm-trainer plan --from 'my plan.json' --examples 100 --epochs 1",
    ]);
    const elsewhere = { ...demo, flavor: 'l4x1', lora: 'on' as const };
    expect(demoLines(elsewhere, 'p.json')).toEqual([
      expect.stringMatching(
        /^Recommended first: 100 examples on l4x1, about .*, show whether the data teach it, not memory and speed here$/,
      ),
      'hf-llm-trainer plan --from p.json --flavor l4x1 --lora on --examples 100 --epochs 1',
    ]);
    expect(renderCard(samplePlan(), 'd', 'p.json', demo)).toMatch(/^Demo +Recommended first: 100 examples/m);
  });

  it('says why there is none', () => {
    expect(renderCard(samplePlan(), 'd', 'p.json', { none: 'too\ndear' })).toMatch(/^Demo +none: too\\ndear$/m);
  });

  it('is not named where there is none', () => {
    expect(demoLines(null, 'p.json')).toEqual([]);
    expect(renderCard(samplePlan(), 'd', 'p.json')).not.toMatch(/demo/i);
  });
});
