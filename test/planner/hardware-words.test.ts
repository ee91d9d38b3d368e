import { describe, expect, it } from 'vitest';
import { exampleRuns } from '../../build/example-runs.ts';
import { hardwareDecisions } from '../../scripts/planner/hardware-words.ts';
import { cents } from '../../scripts/planner/rounding.ts';
import { affordable, type Candidate } from '../../scripts/planner/search/candidate.ts';
import { choose } from '../../scripts/planner/search/choose.ts';
import { candidate, several } from './fake-candidates.ts';

const RUNS = exampleRuns();

/** With timeouts by which the cheapest can bill the most. */
const cheapestLongest = (fitting: Candidate[]): Candidate[] =>
  fitting.map((one, at) => ({ ...one, max_usd: fitting.at(-1 - at)?.max_usd ?? 0 }));

describe('the reasons on the card', () => {
  const t4 = candidate('t4', 2, 7200, 0.4);
  const a100 = candidate('a100', 1.5, 2000, 2.5);
  const full = candidate('h200', 4, 900, 5, 'full');
  const words = (
    chosen: Candidate,
    fitting: Candidate[],
    asked?: string,
    modes: ('full' | 'lora')[] = ['lora'],
    kept?: string,
    maxCost?: number,
  ) =>
    hardwareDecisions({ chosen, fitting, modes, why: 'asked for LoRA', asked, kept, maxCost }).map(
      ({ because }) => because,
    );
  /** The reason for the flavor, by a cap on what it can bill. */
  const capped = (chosen: Candidate, fitting: Candidate[], maxCost?: number) =>
    words(chosen, fitting, undefined, undefined, undefined, maxCost)[1];
  const l4 = candidate('l4', 2.1, 7000, 0.8);
  const slowest = { ...t4, max_usd: 6 } as Candidate;

  it.each<[string, string[], string[]]>([
    ['asked for', words(t4, [t4, a100], 't4'), ['asked for LoRA', 'asked for']],
    [
      'kept',
      words(t4, [t4, a100], undefined, ['lora'], 't4'),
      ['asked for LoRA', 'as in the plan that this one starts from'],
    ],
    [
      'a dearer hour that is cheaper in all',
      words(a100, [a100, t4]),
      ['asked for LoRA', 'it costs least in all; t4 costs less an hour, but takes 2.0 h for $2.00'],
    ],
    [
      'the cheapest in all ways',
      words(t4, [t4, full]),
      ['asked for LoRA', 'it costs least in all; next is h200, 15 min for $4.00'],
    ],
    [
      'hardly dearer and much faster',
      words(candidate('l40s', 2.1, 900, 1.8), [t4, candidate('l40s', 2.1, 900, 1.8)]),
      ['asked for LoRA', 'less than half the time for little more than on t4: 2.0 h for $2.00 there'],
    ],
    [
      'much faster than a run of days',
      words(candidate('l40s', 2.9, 900, 1.8), [t4, candidate('l40s', 2.9, 900, 1.8)]),
      ['asked for LoRA', 'less than half the time it would take on t4: 2.0 h for $2.00 there'],
    ],
    [
      'all weights where an adapter would cost less',
      words({ ...a100, recipe: full.recipe }, [t4, { ...a100, recipe: full.recipe }, full], undefined, [
        'full',
        'lora',
      ]),
      ['asked for LoRA', 'it costs least in all; next is h200, 15 min for $4.00'],
    ],
    ['alone', words(t4, [t4]), ['asked for LoRA', 'nothing else fits']],
    [
      'LoRA where all weights would cost more',
      words(t4, [t4, full], 't4', ['full', 'lora']),
      [
        'all weights need a bigger accelerator: on h200 they would take 15 min for $4.00, LoRA takes 2.0 h for $2.00 here',
        'asked for',
      ],
    ],
    [
      'LoRA where all weights are too dear on the same flavor',
      words(t4, [a100, { ...full, flavor: t4.flavor }], 't4', ['full', 'lora']),
      ['all weights would take 15 min for $4.00 there, more than the budget', 'asked for'],
    ],
    [
      'LoRA where all weights end too late on the same flavor',
      words(t4, [a100, { ...full, flavor: t4.flavor, in_time: 'no' } as Candidate], 't4', ['full', 'lora']),
      ['all weights would take 15 min for $4.00 there, too long for --timeout', 'asked for'],
    ],
    [
      'several where one ends too late',
      words(several('a100x4', 12, 3000), [{ ...t4, in_time: 'no' } as Candidate, several('a100x4', 12, 3000)]),
      [
        'asked for LoRA',
        'the cheapest that ends before --timeout, or is the likelier to; t4 would take 2.0 h for $2.00',
      ],
    ],
    [
      'LoRA where nothing else fits',
      words(t4, [], undefined, ['full', 'lora']),
      ['training all weights fits no hardware here'],
    ],
  ])('%s', (_, said, expected) => expect(said).toEqual(expected));

  it.each<[string, Candidate, Candidate[], string]>([
    [
      'several where none alone is enough',
      several('a100x4', 12, 3000),
      [several('a100x4', 12, 3000), several('h200x4', 15, 2000)],
      'no single accelerator is enough for LoRA; of several, it costs least in all; next is h200x4, 33 min for $15.00',
    ],
    [
      'several where one takes long',
      several('a100x4', 32, 9000),
      [candidate('a100', 30, 36_000), several('a100x4', 32, 9000)],
      'one accelerator would take 10.0 h for $30.00, on a100',
    ],
    [
      'one, though several cost less',
      candidate('a100', 30, 9000),
      [several('l4x4', 29, 9500), candidate('a100', 30, 9000)],
      'no other single accelerator fits',
    ],
  ])('%s', (_, chosen, fitting, because) => expect(words(chosen, fitting)[1]).toBe(because));

  it.each<[string, string | undefined, string]>([
    ['what the budget leaves', capped(l4, [slowest, l4], 5), 'the cheapest whose timeout stays within --max-cost'],
    [
      'nothing of a budget where there is none',
      capped(l4, [slowest, l4]),
      'less time for little more than on t4: 2.0 h for $2.00 there',
    ],
    [
      'nor where it has room for the cheapest',
      capped(l4, [slowest, l4], 6),
      'less time for little more than on t4: 2.0 h for $2.00 there',
    ],
    [
      'nor for parts of a cent',
      capped({ ...l4, usd: 1.9987 }, [
        { ...slowest, usd: 1.9912 },
        { ...l4, usd: 1.9987 },
      ]),
      'it costs least in all; t4 costs less an hour, but takes 2.0 h for $2.00',
    ],
    [
      'several where the budget has no room for one',
      capped(
        several('a100x4', 9, 3000),
        [{ ...candidate('a100', 8, 9000), max_usd: 30 }, several('a100x4', 9, 3000)],
        20,
      ),
      'one accelerator alone could bill more than --max-cost',
    ],
    [
      'several, not for a budget that nobody gave',
      capped(several('a100x4', 9, 3000), [candidate('a100', 8, 9000), several('a100x4', 9, 3000)]),
      'one accelerator would take 2.5 h for $8.00, on a100',
    ],
  ])('%s', (_, because, expected) => expect(because).toBe(expected));

  /** What was chosen of each example, without one flavor or another and under one cap or another, and the reason. */
  const reasons = [
    ...RUNS.map(({ fitting }) => fitting),
    ...RUNS.map(({ fitting }) => cheapestLongest(fitting)),
  ].flatMap((fitting) =>
    fitting.flatMap((skipped) => {
      const rest = fitting.filter((one) => one !== skipped);
      return [undefined, ...rest.map(({ max_usd }) => cents(max_usd))].flatMap((maxCost) => {
        const chosen = choose(rest.filter(affordable(maxCost)));
        return chosen ? [{ chosen, rest, maxCost, said: capped(chosen, rest, maxCost) ?? '' }] : [];
      });
    }),
  );

  it('names the budget only where there is one, and has no room for what costs less', () => {
    const budget = reasons.filter(({ said }) => /max-cost|budget/.test(said));
    expect(budget.length).toBeGreaterThan(20);
    for (const { chosen, rest, maxCost, said } of budget) {
      expect(maxCost).toBeDefined();
      const same = rest.filter(({ recipe }) => recipe.mode === chosen.recipe.mode);
      const like = same.filter(({ flavor }) =>
        said.startsWith('one') ? flavor.accelerators === 1 : flavor.accelerators > 1 === chosen.flavor.accelerators > 1,
      );
      const cheaper = like.filter(({ usd }) => said.startsWith('one') || cents(usd) < cents(chosen.usd));
      expect(cheaper.length).toBeGreaterThan(0);
      expect(cheaper.filter(affordable(maxCost))).toEqual([]);
    }
  });

  it('says that it takes less time only where that is true', () => {
    const faster = reasons.filter(({ said }) => /^less /.test(said));
    expect(faster.length).toBeGreaterThan(20);
    for (const { chosen, rest, said } of faster) {
      const other = rest.find(({ flavor }) => said.includes(` on ${flavor.name}: `));
      expect(chosen.seconds).toBeLessThan((other?.seconds ?? 0) / (said.startsWith('less than half') ? 2 : 1));
    }
  });

  it('are true of every example', () => {
    for (const { chosen, fitting } of RUNS) {
      if (!chosen) continue;
      const [, where] = hardwareDecisions({
        chosen,
        fitting,
        modes: ['full', 'lora'],
        why: '',
        asked: undefined,
        kept: undefined,
        maxCost: undefined,
      });
      const like = fitting.filter(
        ({ flavor, recipe }) => recipe.mode !== 'qlora' && flavor.accelerators > 1 === chosen.flavor.accelerators > 1,
      );
      const cheapest = Math.min(...like.map(({ usd }) => cents(usd)));
      expect(where?.because.includes('it costs least in all')).toBe(cents(chosen.usd) === cheapest);
    }
  });
});
