import { describe, expect, it } from 'vitest';
import { SNAPSHOT } from '../../../scripts/planner/hardware/snapshot.ts';
import { choose } from '../../../scripts/planner/search/choose.ts';
import { type InTime, inTime } from '../../../scripts/planner/search/in-time.ts';
import { search } from '../../../scripts/planner/search.ts';
import { candidate, several } from '../fake-candidates.ts';
import { QWEN3_8B, searchInput, work } from '../support.ts';

const MINUTE = 60;
const parts = { setup: 300, training: 1000, generation: 0, evaluation: 0, checkpoints: 0, saving: 100 };
/** Of 20 min, at the most 40; to save takes 100 s of them. */
const TIME = { seconds: 20 * MINUTE, range: [10 * MINUTE, 40 * MINUTE] as [number, number], parts, stopping: 100 };

describe('a run', () => {
  it.each<[number | null, InTime]>([
    [null, 'surely'],
    [60 * MINUTE, 'surely'],
    // A tenth is kept for saving, which takes less: 41 x 0.9 + 1.7 is 38.6 min.
    [41 * MINUTE, 'likely'],
    [30 * MINUTE, 'likely'],
    [21 * MINUTE, 'likely'],
    [20 * MINUTE, 'no'],
    [10 * MINUTE, 'no'],
  ])('stopped after %s s ends before: %s', (timeout, ends) => expect(inTime(TIME, timeout)).toBe(ends));
});

describe('the choice', () => {
  const ends = (one: ReturnType<typeof candidate>, in_time: InTime) => ({ ...one, in_time });
  const cheap = ends(candidate('cheap', 1, 7000), 'no');
  const likely = ends(candidate('likely', 2, 3000), 'likely');
  const sure = ends(candidate('sure', 2.9, 1500), 'surely');
  it.each([
    ['what ends in time before what costs less', [cheap, likely], 'likely'],
    ['what surely does for at most half more', [cheap, likely, sure], 'sure'],
    ['not for twice as much', [cheap, likely, { ...sure, usd: 4 }], 'likely'],
    ['several accelerators where one is too slow', [cheap, ends(several('four', 8, 900), 'surely')], 'four'],
    ['the cheapest where nothing does', [cheap, ends(candidate('dear', 9, 6000), 'no')], 'cheap'],
  ])('is %s', (_, candidates, name) => expect(choose(candidates)?.flavor.name).toBe(name));

  it.each([
    [600, 'likely'],
    [1500, 'surely'],
    [3600, 'surely'],
    [7200, 'surely'],
  ])('of 10,000 rows with --timeout %d s ends in time, though cheaper ones do not', (timeout_seconds, ends) => {
    const facts = work({ facts: QWEN3_8B, rows: 10_000 });
    const found = search(searchInput({ work: facts, modes: ['lora'], timeout_seconds }), SNAPSHOT.flavors);
    const chosen = choose(found);
    expect(chosen?.in_time).toBe(ends);
    expect(chosen?.seconds).toBeLessThan(timeout_seconds);
    const cheapest = found.filter(({ usd }) => usd < (chosen?.usd ?? 0));
    for (const one of cheapest) expect(one.in_time).not.toBe('surely');
    expect(found.some(({ in_time }) => in_time === 'no')).toBe(true);
  });
});
