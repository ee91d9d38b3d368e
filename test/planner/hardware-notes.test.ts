import { describe, expect, it } from 'vitest';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { hardwareNotes } from '../../scripts/planner/hardware-notes.ts';
import { hardwareDecisions } from '../../scripts/planner/hardware-words.ts';
import { cents } from '../../scripts/planner/rounding.ts';
import { affordable, type Candidate } from '../../scripts/planner/search/candidate.ts';
import { choose } from '../../scripts/planner/search/choose.ts';
import { search } from '../../scripts/planner/search.ts';
import { candidate } from './fake-candidates.ts';
import { QWEN3_8B, QWEN3_06B, searchInput, work } from './support.ts';

const NOBODY = { kept: undefined, maxCost: undefined };
const found = (timeout_seconds: number | null, more: Parameters<typeof work>[0] = {}): Candidate[] =>
  search(
    searchInput({ work: work({ facts: QWEN3_8B, rows: 10_000, ...more }), modes: ['lora'], timeout_seconds }),
    SNAPSHOT.flavors,
  );
/** The notes on what is chosen, or on the flavor that is asked for. */
function notes(fitting: Candidate[], asked?: string): string[] {
  const chosen = asked ? fitting.find(({ flavor }) => flavor.name === asked) : choose(fitting);
  if (!chosen) throw new Error('it does not fit');
  return hardwareNotes({ chosen, fitting, asked, ...NOBODY });
}

describe('a timeout', () => {
  it('that stops the run names what ends in time, and what would be enough', () => {
    const [note, ...more] = notes(found(3600), 'l4x1');
    expect(more.filter((one) => !one.startsWith('l4x1 is slower'))).toEqual([]);
    expect(note).toMatch(
      /^it is stopped before it is expected to end: --timeout is 60 min with what saving needs, and it takes about \d+; the model then is a checkpoint: --flavor \S+ ends in time, \d+ min for \$\d+\.\d\d, or --timeout \d+m is enough$/,
    );
    const [, flavor] = note?.match(/--flavor (\S+) ends/) ?? [];
    expect(found(3600).find((one) => one.flavor.name === flavor)?.in_time).toBe('surely');
    const [, minutes] = note?.match(/--timeout (\d+)m is/) ?? [];
    expect(found(60 * Number(minutes)).find((one) => one.flavor.name === 'l4x1')?.in_time).toBe('surely');
  });

  it('before which nothing ends names the fastest', () => {
    const [note] = notes(found(400));
    const fastest = [...found(400)].sort((a, b) => a.seconds - b.seconds)[0]?.flavor.name;
    expect(note).toMatch(`no flavor ends in time, the fastest is ${fastest}, `);
  });

  it('before which nothing ends within a budget names the fastest of that', () => {
    const fitting = found(400);
    const byPrice = fitting.map(({ max_usd }) => cents(max_usd)).sort((a, b) => a - b);
    const maxCost = byPrice[Math.floor(byPrice.length / 2)] ?? 0;
    const within = fitting.filter(affordable(maxCost));
    const chosen = choose(within);
    const fastest = [...within].sort((a, b) => a.seconds - b.seconds)[0]?.flavor.name;
    if (!chosen) throw new Error('it does not fit');
    const [note] = hardwareNotes({ chosen, fitting, asked: undefined, kept: undefined, maxCost });
    expect(note).toMatch(`no flavor within --max-cost ends in time, the fastest is ${fastest}, `);
    expect(notes(fitting)[0]).not.toMatch(`the fastest is ${fastest}, `);
  });

  it('that the range goes beyond is said, too', () => {
    const likely = found(3600).find(({ in_time }) => in_time === 'likely');
    expect(notes(found(3600), likely?.flavor.name)[0]).toMatch(
      /^it may be stopped before it ends: --timeout is 60 min with what saving needs, and it may take up to \d+; --timeout \d+m leaves room$/,
    );
  });

  it.each([null, 36_000])('of %s s is no matter', (timeout) => expect(notes(found(timeout))).toEqual([]));

  it('is the reason for a dearer flavor', () => {
    const slow = { ...candidate('slow', 1, 7200), in_time: 'no' } as Candidate;
    const choice = { fitting: [slow, candidate('fast', 2, 1500)], asked: undefined, modes: ['lora' as const], why: '' };
    expect(hardwareDecisions({ ...choice, chosen: candidate('fast', 2, 1500), ...NOBODY })[1]?.because).toBe(
      'the cheapest that ends before --timeout, or is the likelier to; slow would take 2.0 h for $1.00',
    );
  });
});

describe('a flavor that was asked for', () => {
  it('is compared with a faster one that costs less, whatever the method', () => {
    const grpo = found(null, { facts: QWEN3_06B, method: 'grpo', rows: 600 });
    const [note] = notes(grpo, 'h200x8');
    expect(note).toMatch(
      /^h200x8 is slower and costs more than \S+, which would take .* for \$\d+\.\d\d: there vLLM writes the answers, which it does beside one accelerator alone$/,
    );
    const small = notes(found(null, { method: 'grpo', rows: 600 }), 'l4x1');
    expect(small).toEqual([expect.stringMatching(/^l4x1 is slower and costs more .*: there vLLM writes the answers$/)]);
    const sft = notes(found(null), 'a10g-large');
    expect(sft).toEqual([expect.stringMatching(/^a10g-large is slower and costs more than \S+, which would take/)]);
  });

  it.each([
    ['is the fastest', 'fast', 'fast'],
    ['costs least', 'cheap', 'cheap'],
    ['was not asked for', 'both', undefined],
  ])('is left alone where it %s', (_, name, asked) => {
    const all = { fast: candidate('fast', 9, 100), cheap: candidate('cheap', 1, 900), both: candidate('both', 9, 900) };
    const chosen = all[name as keyof typeof all];
    expect(hardwareNotes({ chosen, fitting: Object.values(all), asked, ...NOBODY })).toEqual([]);
  });

  it('is not compared with a worse mode', () => {
    const full = candidate('both', 9, 900, 1, 'full');
    const choice = { chosen: full, fitting: [candidate('cheap', 1, 100), full], asked: 'both' };
    expect(hardwareNotes({ ...choice, ...NOBODY })).toEqual([]);
  });

  it('is compared, too, where an earlier plan took it', () => {
    const slow = candidate('slow', 9, 900);
    const choice = { chosen: slow, fitting: [candidate('fast', 1, 100), slow], asked: undefined, maxCost: undefined };
    expect(hardwareNotes({ ...choice, kept: 'slow' })).toHaveLength(1);
  });
});
