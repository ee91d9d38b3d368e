import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../scripts/commands/context.ts';
import { chooseHardware } from '../../scripts/commands/hardware.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { hardwareDecisions } from '../../scripts/planner/hardware-words.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import type { Mode } from '../../scripts/planner/recipe.ts';
import { QWEN3_8B, QWEN3_06B, searchInput, work } from '../planner/support.ts';

const { flavors, as_of } = SNAPSHOT;
const HOUR = 3600;

/** What is chosen on many rows, of the snapshot. */
async function chosen(
  timeout: number | null,
  { facts = QWEN3_8B, ...asked }: Partial<Request> & { facts?: ModelFacts } = {},
  modes: Mode[] = ['full', 'lora', 'qlora'],
) {
  const request = { model: 'm', dataset: 'd', ...asked };
  const of = { facts, rows: 60_000, request };
  const input = searchInput({ work: work(of), modes, timeout_seconds: timeout });
  const priced = Promise.resolve({ flavors, leftOut: [], price: { source: 'live' as const, as_of }, notes: [] });
  const hardware = await chooseHardware(input, request, {} as CommandContext, priced);
  const [why] = hardwareDecisions({
    ...hardware,
    ...{ modes, why: '' },
    asked: asked.flavor,
    kept: undefined,
    maxCost: undefined,
  });
  return { ...hardware.chosen, mode: hardware.chosen.recipe.mode, why: why?.because };
}

describe('a timeout', () => {
  it('in which all weights end only at many times the price leads to an adapter', async () => {
    const one = await chosen(HOUR);
    expect(one).toMatchObject({ mode: 'lora', in_time: 'surely' });
    const full = await chosen(HOUR, {}, ['full']);
    expect(full.in_time).not.toBe('surely');
    expect(one.usd).toBeLessThan(full.usd / 2);
    expect(one.why).toMatch(/^all weights would take .* there, too long for --timeout$/);
  });

  it.each([
    ['in which all weights are likely to end, and surely an adapter for more', HOUR / 3, {}],
    ['in which nothing ends', HOUR / 6, { maxCost: 2 }],
  ])('%s, leaves them', async (_, timeout, asked) => {
    const one = await chosen(timeout, { facts: QWEN3_06B, ...asked });
    expect(one).toMatchObject({ mode: 'full' });
    expect(one.in_time).not.toBe('surely');
  });

  it('decides about the mode on a flavor that was asked for, too', async () => {
    const asked = { flavor: 'h200x4' };
    expect(await chosen(null, asked)).toMatchObject({ mode: 'full' });
    expect(await chosen(HOUR, asked)).toMatchObject({
      ...{ mode: 'lora', in_time: 'surely' },
      why: expect.stringMatching(/^all weights would take .* there, too long for --timeout$/),
    });
    expect(await chosen(HOUR, asked, ['full'])).toMatchObject({ mode: 'full', in_time: 'no' });
  });

  it('that is far away changes nothing', async () => {
    const [free, far] = [await chosen(null), await chosen(100 * HOUR)];
    expect([far.flavor.name, far.mode]).toEqual([free.flavor.name, free.mode]);
  });
});
