import { describe, expect, it } from 'vitest';
import { exampleRuns } from '../../build/example-runs.ts';
import { alternativesTo } from '../../scripts/commands/hardware.ts';
import type { Flavor } from '../../scripts/plan/flavor.ts';
import { acceleratorOf } from '../../scripts/planner/accelerator.ts';
import type { Candidate } from '../../scripts/planner/candidate.ts';
import { choose } from '../../scripts/planner/choose.ts';
import { hardwareDecisions } from '../../scripts/planner/hardware-words.ts';
import { cents } from '../../scripts/planner/rounding.ts';
import { SNAPSHOT } from '../../scripts/planner/snapshot.ts';

const RUNS = exampleRuns();
const run = (model: string) => {
  const found = RUNS.find((one) => one.model.endsWith(model));
  if (!found) throw new Error(model);
  return found;
};

describe('10,000 rows of 500 tokens', () => {
  // The choice for each size, as a person would judge it. A change of a constant that moves one of them shows here.
  it.each([
    ['Qwen2.5-0.5B', 't4-small', 'full'],
    ['Qwen3-1.7B', 't4-small', 'lora'],
    ['Qwen3-4B', 'a100-large', 'lora'],
    ['Qwen3-8B', 'l40sx1', 'lora'],
    ['Qwen3-14B', 'a100-large', 'lora'],
    ['Qwen3-32B', 'h200', 'lora'],
  ])('%s trains on %s, %s', (model, flavor, mode) => {
    expect(run(model).chosen).toMatchObject({ flavor: { name: flavor }, recipe: { mode } });
  });

  it.each([
    ['Qwen2.5-0.5B', ['t4-small']],
    ['Qwen3-1.7B', ['t4-medium', 'a10g-small']],
    ['Qwen3-4B', ['a10g-large', 'a100-large']],
  ])('%s: what older advice takes (%s) is taken, or costs more', (model, advised) => {
    const { chosen, fitting } = run(model);
    const others = fitting.filter(({ flavor }) => advised.includes(flavor.name));
    expect(others.map(({ flavor }) => flavor.name).sort()).toEqual([...advised].sort());
    for (const { flavor, usd } of others) {
      if (flavor.name !== chosen?.flavor.name) expect(usd).toBeGreaterThan(chosen?.usd ?? Number.POSITIVE_INFINITY);
    }
  });

  it('of 70 billion parameters fit no single accelerator, but for 4 bits', () => {
    const { chosen, fitting } = run('70B-Instruct');
    expect(chosen).toMatchObject({ strategy: 'fsdp2', recipe: { mode: 'lora' } });
    expect(chosen?.flavor.accelerators).toBeGreaterThan(1);
    for (const { flavor, recipe } of fitting) expect(flavor.accelerators > 1 || recipe.mode === 'qlora').toBe(true);
  });

  it('cost more for more parameters, and take between the ends of their range', () => {
    const chosen = RUNS.flatMap((one) => one.chosen ?? []);
    expect(chosen.map(({ usd }) => usd)).toEqual(chosen.map(({ usd }) => usd).sort((a, b) => a - b));
    for (const { time, timeout_seconds } of RUNS.flatMap(({ fitting }) => fitting)) {
      expect(time.range[0]).toBeLessThan(time.seconds);
      expect(time.range[1]).toBeGreaterThan(time.seconds);
      expect(timeout_seconds).toBeGreaterThan(time.range[1]);
    }
  });
});

const candidate = (name: string, usd: number, seconds: number, price = 1, mode: 'full' | 'lora' = 'lora') =>
  ({ flavor: { name, accelerators: 1, usd_per_hour: price }, usd, seconds, recipe: { mode } }) as Candidate;

const several = (name: string, usd: number, seconds: number) => {
  const one = candidate(name, usd, seconds, 10);
  return { ...one, flavor: { ...one.flavor, accelerators: 4 } } as Candidate;
};

describe('choose', () => {
  const slow = candidate('slow', 2, 7200);
  it.each<[string, Candidate[], string | undefined]>([
    ['the cheapest', [slow, candidate('other', 2.5, 600)], 'slow'],
    ['one that costs hardly more and is twice as fast', [slow, candidate('fast', 2.15, 3000)], 'fast'],
    ['the fastest of those', [slow, candidate('fast', 2.1, 3000), candidate('faster', 2.2, 1000)], 'faster'],
    ['not one that is hardly faster', [slow, candidate('fast', 2.1, 4000)], 'slow'],
    ['nothing of nothing', [], undefined],
  ])('%s', (_, candidates, name) => expect(choose(candidates)?.flavor.name).toBe(name));
});

describe('what else could be taken', () => {
  const chosen = candidate('t4', 2, 1000);
  it.each<[string, Candidate[], string[]]>([
    ['what costs less', [candidate('cheap', 1.9, 5000), chosen], ['cheap']],
    ['not what costs more for the same time', [chosen, candidate('h200', 24, 1000)], []],
    ['nor for hardly less', [chosen, candidate('h200', 24, 750)], []],
    ['what costs more and takes much less', [chosen, candidate('h200', 24, 600)], ['h200']],
    [
      'the two cheapest and the fastest',
      [chosen, candidate('a', 3, 600), candidate('b', 4, 500), candidate('c', 5, 400), candidate('d', 6, 300)],
      ['a', 'b', 'd'],
    ],
  ])('%s', (_, fitting, names) =>
    expect(alternativesTo(chosen, fitting).map(({ flavor }) => flavor.name)).toEqual(names),
  );
});

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
  ) => hardwareDecisions({ chosen, fitting, modes, why: 'asked for LoRA', asked, kept }).map(({ because }) => because);

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
      ['asked for LoRA', 'the whole run costs least there; t4 costs less an hour, but takes 2.0 h for $2.00'],
    ],
    [
      'the cheapest in all ways',
      words(t4, [t4, full]),
      ['asked for LoRA', 'the whole run costs least there; next is h200, 15 min for $4.00'],
    ],
    [
      'hardly dearer and much faster',
      words(candidate('l40s', 2.1, 900, 1.8), [t4, candidate('l40s', 2.1, 900, 1.8)]),
      ['asked for LoRA', 'less than half the time for little more than on t4: 2.0 h for $2.00 there'],
    ],
    [
      'what the budget leaves',
      words(candidate('l4', 2.1, 7000, 0.8), [t4, candidate('l4', 2.1, 7000, 0.8)]),
      ['asked for LoRA', 'the cheapest whose timeout stays within --max-cost'],
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
      ['asked for LoRA', 'the whole run costs least there; next is h200, 15 min for $4.00'],
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
      'no single accelerator is enough; of several, the whole run costs least there; next is h200x4, 33 min for $15.00',
    ],
    [
      'several where one takes long',
      several('a100x4', 32, 9000),
      [candidate('a100', 30, 36_000), several('a100x4', 32, 9000)],
      'one accelerator would take 10.0 h for $30.00, on a100',
    ],
    [
      'several where the budget has no room for one',
      several('a100x4', 9, 3000),
      [candidate('a100', 8, 9000), several('a100x4', 9, 3000)],
      'the cheapest whose timeout stays within --max-cost',
    ],
    [
      'one, though several cost less',
      candidate('a100', 30, 9000),
      [several('l4x4', 29, 9500), candidate('a100', 30, 9000)],
      'no other single accelerator fits',
    ],
  ])('%s', (_, chosen, fitting, because) => expect(words(chosen, fitting)[1]).toBe(because));

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
      });
      const like = fitting.filter(
        ({ flavor, recipe }) => recipe.mode !== 'qlora' && flavor.accelerators > 1 === chosen.flavor.accelerators > 1,
      );
      const cheapest = Math.min(...like.map(({ usd }) => cents(usd)));
      expect(where?.because.includes('the whole run costs least')).toBe(cents(chosen.usd) === cheapest);
    }
  });
});

describe('the snapshot', () => {
  it.each(SNAPSHOT.flavors.map((flavor) => [flavor.name, flavor] as const))('%s can be planned with', (_, flavor) => {
    expect(flavor.usd_per_hour).toBeGreaterThan(0);
    const accelerator = acceleratorOf(flavor);
    expect(accelerator === null).toBe(flavor.accelerators === 0);
    if (!accelerator) return;
    expect(accelerator.usable_gib).toBeLessThan(flavor.gpu_memory_gib ?? 0);
    expect(accelerator.reachable).toBeGreaterThan(0.2);
    expect(accelerator.reachable).toBeLessThan(0.95);
    // Known by name: a card that isn't is taken for one of unknown speed.
    expect(accelerator.uncertainty).toBeLessThan(2);
  });

  it('says when it was read', () => expect(SNAPSHOT.as_of).toMatch(/^\d{4}-\d{2}$/));
});

describe('a card that nobody has seen', () => {
  const odd = { ...SNAPSHOT.flavors.find(({ name }) => name === 'h200'), accelerator: 'B900' } as Flavor;
  it('of Apple is slow, and has the memory that the machine says', () => {
    const apple = acceleratorOf({ ...odd, accelerator: 'Apple M3 Pro', gpu_memory_gib: 24 });
    expect(apple).toMatchObject({ tflops: 8, usable_gib: 0.92 * 24, uncertainty: 4 });
  });

  it('is planned with slowly, and says how little is known', () => {
    const [unknown, known] = [acceleratorOf(odd), acceleratorOf({ ...odd, accelerator: 'H200' })];
    expect(unknown?.uncertainty).toBeGreaterThan(3);
    expect((unknown?.tflops ?? 0) * (unknown?.reachable ?? 0)).toBeLessThan(
      0.2 * (known?.tflops ?? 0) * (known?.reachable ?? 0),
    );
  });
});
