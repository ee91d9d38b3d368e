import { describe, expect, it } from 'vitest';
import { billedUsd } from '../../scripts/plan/price.ts';
import { acceleratorOf } from '../../scripts/planner/hardware/accelerator.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { cents } from '../../scripts/planner/rounding.ts';
import type { SearchInput } from '../../scripts/planner/search/candidate.ts';
import { search, targetOf } from '../../scripts/planner/search.ts';
import { candidateOn, flavorNamed, LLAMA_70B, QWEN3_8B, QWEN3_06B, searchInput, work } from './support.ts';

describe('search', () => {
  it('lists the cheapest first, of one accelerator and of several', () => {
    const found = search(searchInput(), SNAPSHOT.flavors);
    expect(found.length).toBeGreaterThan(5);
    expect(found.map(({ usd }) => cents(usd))).toEqual(found.map(({ usd }) => cents(usd)).sort((a, b) => a - b));
    expect(new Set(found.map(({ flavor: { accelerators } }) => accelerators))).toEqual(new Set([1, 2, 4, 8]));
  });

  it('saves a checkpoint at least every half hour, or as often as was asked', () => {
    const perStep = (candidate: ReturnType<typeof candidateOn>): number => {
      const { training, evaluation } = candidate?.time.parts ?? { training: 0, evaluation: 0 };
      return (training + evaluation) / (candidate?.recipe.total_steps ?? 1);
    };
    const long = { work: work({ facts: QWEN3_8B, rows: 100_000 }), modes: ['lora' as const] };
    const slow = candidateOn('a10g-large', long);
    const every = Number(slow?.recipe.training_args.save_steps);
    expect(every * perStep(slow)).toBeLessThan(1900);
    expect((every + 1) * perStep(slow)).toBeGreaterThan(1700);
    expect(Number(slow?.recipe.training_args.eval_steps)).toBeGreaterThan(every);
    const request = { model: 'm', dataset: 'd', set: { save_steps: 1000 } };
    const asked = candidateOn('a10g-large', { ...long, work: { ...long.work, request } });
    expect(asked?.recipe.training_args.save_steps).toBe(1000);
    const best = { model: 'm', dataset: 'd', set: { load_best_model_at_end: true } };
    const args = candidateOn('a10g-large', { ...long, work: { ...long.work, request: best } })?.recipe.training_args;
    expect(args?.eval_steps).toBe(args?.save_steps);
    const short = candidateOn('a100-large', { modes: ['lora'] })?.recipe;
    expect(short?.training_args.save_steps).toBe(Math.ceil((short?.total_steps ?? 0) / 5));
  });

  it.each([100, 950, 200_000])('writes checkpoints of all weights for a tenth of the work at most: %d rows', (rows) => {
    const full = candidateOn('h200x4', { work: work({ facts: QWEN3_8B, rows }), modes: ['full'] });
    const { total_steps = 0, training_args = {} } = full?.recipe ?? {};
    const { checkpoints, training, evaluation } = full?.time.parts ?? { checkpoints: 0, training: 0, evaluation: 0 };
    const saves = Math.ceil(total_steps / Number(training_args.save_steps));
    expect(saves).toBeGreaterThan(0);
    if (saves > 1) expect(checkpoints).toBeLessThan(0.13 * (training + evaluation));
    // Not half an hour apart where a checkpoint takes minutes.
    expect(saves > 1).toBe(rows === 200_000);
  });

  it('puts a small demo of a small model on a T4, in fp16', () => {
    const [first] = search(searchInput({ work: work({ rows: 100, eval_rows: 0 }) }), SNAPSHOT.flavors);
    expect(first?.flavor.name).toBe('t4-small');
    expect(first?.recipe).toMatchObject({ mode: 'full', precision: 'fp16', weights_dtype: 'float32' });
    expect(first?.recipe.training_args).toMatchObject({ fp16: true, bf16: false });
  });

  it('never fills memory, RAM or disk beyond what there is', () => {
    for (const facts of [QWEN3_06B, QWEN3_8B]) {
      for (const candidate of search(searchInput({ work: work({ facts }) }), SNAPSHOT.flavors)) {
        expect(candidate.gpu_memory_gib).toBeLessThan(
          acceleratorOf(candidate.flavor)?.usable_gib ?? candidate.flavor.ram_gib,
        );
      }
    }
  });

  it.each([
    [
      '8 B parameters with all weights fit no card of 24 GB',
      'a10g-large',
      { work: work({ facts: QWEN3_8B }), modes: ['full'] },
    ],
    [
      '8 B parameters pass 15 GB of RAM in no mode where an adapter is merged into them',
      'a10g-small',
      { work: work({ facts: { ...QWEN3_8B, adapter: { id: 'some/adapter', source: 'hub', revision: null } } }) },
    ],
    ['70 B parameters fit no single card', 'h200', { work: work({ facts: LLAMA_70B }), modes: ['full', 'lora'] }],
  ] as [string, string, Partial<SearchInput>][])('%s', (_, name, overrides) =>
    expect(candidateOn(name, overrides)).toBeNull(),
  );

  it('reads frozen weights past 15 GB of RAM', () => {
    expect(candidateOn('a10g-small', { work: work({ facts: QWEN3_8B }) })?.recipe.mode).toBe('lora');
  });

  it('falls back to LoRA where all weights do not fit', () => {
    expect(candidateOn('a10g-large', { work: work({ facts: QWEN3_8B }) })?.recipe).toMatchObject({
      mode: 'lora',
      weights_dtype: 'bfloat16',
      lora: { target_modules: 'all-linear' },
    });
  });

  it('takes the timeout that was asked for', () => {
    expect(candidateOn('t4-small', { timeout_seconds: 7200 })).toMatchObject({ timeout_seconds: 7200, max_usd: 0.8 });
  });

  it('keeps the effective batch when the device batch shrinks', () => {
    for (const batch of [1, 2, 4]) {
      const set = { per_device_train_batch_size: batch, packing: false };
      const found = candidateOn('a100-large', { work: work({ request: { model: 'm', dataset: 'd', set } }) });
      expect(found?.recipe.training_args).toMatchObject({ ...set, gradient_accumulation_steps: 8 / batch });
    }
  });
});

describe('acceleratorOf', () => {
  it.each([
    ['t4-small', { bf16: false, usable_gib: 14.6 }],
    ['a10g-small', { bf16: true, usable_gib: 22 }],
    ['h200', { bf16: true, usable_gib: 139.8 }],
    ['l40sx1', { usable_gib: 44.4 }],
    ['l4x1', { usable_gib: 22 }],
    ['rtx-pro-6000', { usable_gib: 94.9 }],
  ])('%s', (name, expected) => expect(acceleratorOf(flavorNamed(name))).toMatchObject(expected));

  it('knows no accelerator of a CPU', () => expect(acceleratorOf(flavorNamed('cpu-basic'))).toBeNull());

  it.each([
    ['a card it has never heard of', 'B300', 288, 0.92 * 288],
    ['a known card with another memory', 'A100', 40, 0.92 * 40],
  ])('is cautious about %s', (_, accelerator, gpu_memory_gib, usable) => {
    const odd = { ...flavorNamed('a100-large'), accelerator, gpu_memory_gib };
    expect(acceleratorOf(odd)?.usable_gib).toBeCloseTo(usable);
  });

  it.each<[string, number | null, boolean]>([
    ['GTX 1080 Ti', null, false],
    ['GTX 1080 Ti', 6.1, false],
    ['Quadro RTX 6000', 7.5, false],
    ['B300', 10.3, true],
    ['A30', 8, true],
    ['A100', null, true],
  ])('%s of capability %d computes in bf16: %s', (accelerator, capability, bf16) => {
    const other = { ...flavorNamed('a100-large'), accelerator };
    expect(targetOf(other, capability)).toEqual({ kind: 'cuda', bf16 });
  });
});

describe('money and time', () => {
  it.each([
    [1, 0.4, 0.4 / 60],
    [60, 0.4, 0.4 / 60],
    [61, 0.4, 0.8 / 60],
    [3600, 0.4, 0.4],
    [0, 5, 0],
  ])('%i s at $%f an hour', (seconds, price, usd) => expect(billedUsd(seconds, price)).toBeCloseTo(usd, 10));

  it.each([
    [0.001, 0.01],
    [0.01, 0.01],
    [0.29999999999999, 0.3],
    [0, 0],
  ])('$%f is shown as $%f, never less than it is', (usd, shown) => expect(cents(usd)).toBe(shown));
});
