import { describe, expect, it } from 'vitest';
import { exampleRuns } from '../../build/example-runs.ts';
import { alternativesTo } from '../../scripts/commands/hardware.ts';
import type { Flavor } from '../../scripts/plan/flavor.ts';
import { acceleratorOf } from '../../scripts/planner/hardware/accelerator.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { unknownCard } from '../../scripts/planner/hardware/unknown-card.ts';
import type { Candidate } from '../../scripts/planner/search/candidate.ts';
import { choose } from '../../scripts/planner/search/choose.ts';
import { candidate } from './fake-candidates.ts';

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
    [
      'nor for hardly less, but for the fastest',
      [chosen, candidate('a', 20, 800), candidate('h200', 24, 750)],
      ['h200'],
    ],
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

  it.each<[string, Flavor, number | null, RegExp[]]>([
    ['of Jobs', odd, null, [/know the card B900: its speed/, /that it computes no bf16/]],
    ['of this machine', odd, 10.3, [/its speed, and so the time and the cost, is a guess$/]],
  ])('is told on the card: %s', (_, flavor, capability, said) => {
    const [note, ...more] = unknownCard(flavor, capability);
    for (const each of said) expect(note).toMatch(each);
    expect(more).toEqual([]);
  });

  it('is none of the snapshot', () => {
    for (const flavor of SNAPSHOT.flavors) expect(unknownCard(flavor)).toEqual([]);
  });

  it('is planned with slowly, and says how little is known', () => {
    const [unknown, known] = [acceleratorOf(odd), acceleratorOf({ ...odd, accelerator: 'H200' })];
    expect(unknown?.uncertainty).toBeGreaterThan(3);
    expect((unknown?.tflops ?? 0) * (unknown?.reachable ?? 0)).toBeLessThan(
      0.2 * (known?.tflops ?? 0) * (known?.reachable ?? 0),
    );
  });
});
