import { describe, expect, it } from 'vitest';
import { renderCard } from '../../scripts/output/card.ts';
import { choiceLines } from '../../scripts/output/choices-table.ts';
import { KEPT_FLAVOR } from '../../scripts/plan/flavor.ts';
import type { Alternative } from '../../scripts/plan/schema.ts';
import { samplePlan } from '../support/plan.ts';

const other = (flavor: string, usd: number, seconds: number): Alternative => ({
  ...{ flavor, usd, seconds },
  ...{ recipe: 'lora', gpu_memory_gib: 9 },
});
const { estimate, hardware, request } = samplePlan();
const chosen = { ...estimate, gpu_memory_gib: 71.25, seconds: 3600, usd: 2.5 };
const plan = (alternatives: Alternative[], asked?: string) =>
  samplePlan({
    alternatives,
    estimate: chosen,
    hardware: { ...hardware, flavor: 'a100-large' },
    request: asked === undefined ? request : { ...request, flavor: asked },
  });

describe('what could be taken', () => {
  it('is a table with memory, time and price, that names the recommended, the cheapest and the fastest', () => {
    const { mode } = samplePlan().recipe;
    expect(choiceLines(plan([other('l4x1', 1.5, 20_000), other('h200x8', 112.4, 600)]))).toEqual([
      `l4x1        ${'lora'.padEnd(mode.length)}   9.0 GiB  5 h 33 min    $1.50  cheapest`,
      `a100-large  ${mode.padEnd(4)}  71.3 GiB  1 h 00 min    $2.50  this plan, recommended`,
      `h200x8      ${'lora'.padEnd(mode.length)}   9.0 GiB      10 min  $112.40  fastest`,
    ]);
  });

  it.each<[string, Alternative[], string | undefined, string]>([
    ['asked for', [other('l4x1', 1.5, 20_000)], 'a100-large', 'this plan, as asked for, fastest'],
    ['searched for', [other('h200', 5, 1000)], 'auto', 'this plan, recommended, cheapest'],
  ])('is marked where the plan is %s', (_, alternatives, asked, marks) =>
    expect(choiceLines(plan(alternatives, asked)).find((line) => line.startsWith('a100'))).toMatch(
      new RegExp(`\\$2\\.50 {2}${marks}$`),
    ),
  );

  it('is not recommended where it goes on as the plan that it starts from', () => {
    const kept = { ...plan([other('l4x1', 1.5, 1000)]), why: [{ what: 'on a100-large', because: KEPT_FLAVOR }] };
    expect(choiceLines(kept)[1]).toMatch(/^a100-large .*this plan, as before$/);
  });

  it('is on the card, and nothing where there is no other', () => {
    expect(renderCard(plan([other('l4x1', 1.5, 20_000)]), 'd', 'p.json')).toMatch(/^Choices {5}l4x1 .*cheapest$/m);
    expect(renderCard(plan([]), 'd', 'p.json')).not.toMatch(/Choices/);
  });
});
