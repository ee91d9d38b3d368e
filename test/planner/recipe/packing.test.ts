import { describe, expect, it } from 'vitest';
import type { Request } from '../../../scripts/plan/request.ts';
import { mayPack, packedSequences } from '../../../scripts/planner/recipe/packing.ts';
import { batchesFor } from '../../../scripts/planner/recipe/steps.ts';
import { buildRecipe } from '../../../scripts/planner/recipe.ts';
import { cpu, microBatchSeconds } from '../../../scripts/planner/time/step.ts';
import type { Workload } from '../../../scripts/planner/workload.ts';
import { candidateOn, QWEN3_8B, QWEN3_06B, work } from '../support.ts';

type Lengths = { mean: number; p50: number; p95: number; max: number };
const rowsOf = (rows: number, tokens: Lengths, set: Request['set'] = {}) =>
  work({
    rows,
    eval_rows: 0,
    request: { model: 'm', dataset: 'd', set },
    tokens: { total: rows * tokens.mean, estimated: false, ...tokens },
  });
const packing = (rows: number, tokens: Lengths, strategy?: string) =>
  rowsOf(rows, tokens, { packing: true, ...(strategy ? { packing_strategy: strategy } : {}) });

/** Sequences of 1,024 tokens that TRL 1.16's `pack_dataset` made of rows with such lengths, drawn from log-normals. */
const PACKED = [
  { rows: 87, tokens: { mean: 100, p50: 89, p95: 198, max: 316 }, bfd: 9, bfd_split: 9, wrapped: 9 },
  { rows: 2500, tokens: { mean: 106, p50: 91, p95: 236, max: 810 }, bfd: 261, bfd_split: 261, wrapped: 261 },
  { rows: 87, tokens: { mean: 475, p50: 398, p95: 1013, max: 1750 }, bfd: 40, bfd_split: 41, wrapped: 41 },
  { rows: 2500, tokens: { mean: 510, p50: 408, p95: 1246, max: 5236 }, bfd: 1151, bfd_split: 1248, wrapped: 1245 },
  { rows: 87, tokens: { mean: 960, p50: 889, p95: 1733, max: 2561 }, bfd: 72, bfd_split: 86, wrapped: 82 },
  { rows: 2500, tokens: { mean: 1008, p50: 906, p95: 2009, max: 5602 }, bfd: 2156, bfd_split: 2548, wrapped: 2463 },
];

describe('packed rows', () => {
  it.each(PACKED)('$rows of $tokens.mean tokens are as many sequences as TRL makes', ({ rows, tokens, ...made }) => {
    for (const [strategy, sequences] of Object.entries(made)) {
      const counted = packedSequences(packing(rows, tokens, strategy), rows, 1024);
      expect(counted / sequences).toBeGreaterThan(0.94);
      expect(counted / sequences).toBeLessThan(1.13);
    }
  });

  it('are rows where nothing is packed', () => expect(packedSequences(work(), 950, 1024)).toBe(950));

  it('make the steps and the checkpoints: a step learns from as many rows as without', () => {
    const tokens = { mean: 250, p50: 220, p95: 500, max: 800 };
    const small = packing(2000, tokens);
    const sequences = packedSequences(small, 2000, 1024);
    expect(batchesFor(small, sequences)).toEqual([4, 2, 1]);
    const choice = {
      mode: 'full',
      target: { kind: 'cuda', bf16: true },
      batch: 2,
      max_length: 1024,
      epochs: 1,
    } as const;
    const { total_steps, training_args } = buildRecipe(small, choice);
    const unpacked = buildRecipe(rowsOf(2000, tokens), choice);
    expect(training_args.gradient_accumulation_steps).toBe(2);
    expect(total_steps / unpacked.total_steps).toBeGreaterThan(0.85);
    expect(total_steps / unpacked.total_steps).toBeLessThan(1.15);
    expect(Number(training_args.save_steps)).toBeLessThan(total_steps / 3);
  });
});

const SHORT = { mean: 150, p50: 110, p95: 400, max: 900 };
const may = (overrides: Partial<Workload>, set: Request['set'] = {}, length = 512) =>
  mayPack({ ...rowsOf(5000, SHORT, set), ...overrides }, length);

describe('packing without being asked', () => {
  it('is tried for short rows of a text model that keeps them apart', () => expect(may({})).toBe(true));

  it.each<[string, Partial<Workload>, Request['set']?, number?]>([
    ['by another method', { method: 'dpo' }],
    ['with pictures', { report: { ...work().report, vision: true } }],
    ['where --set decides', {}, { packing: false }],
    ['where a batch of rows was asked for', {}, { per_device_train_batch_size: 4 }],
    ['or their accumulation', {}, { gradient_accumulation_steps: 4 }],
    ['with linear attention', { facts: { ...QWEN3_06B, layout: { ...QWEN3_06B.layout, linear_attention: true } } }],
    ['with eager attention', { facts: { ...QWEN3_06B, layout: { ...QWEN3_06B.layout, attention: 'eager' } } }],
    ['of a model whose packed rows see each other', { facts: { ...QWEN3_06B, architecture: 'GptOssForCausalLM' } }],
    ['of a model that nobody tried', { facts: { ...QWEN3_06B, architecture: 'NewForCausalLM' } }],
    [
      'of rows that fill a sequence',
      { tokens: { total: 0, mean: 500, p50: 500, p95: 505, max: 512, estimated: false } },
    ],
    [
      'of more rows than a step learns from',
      { tokens: { total: 0, mean: 20, p50: 20, p95: 25, max: 900, estimated: false } },
    ],
    ['to sequences whose mask is too large', {}, {}, 8192],
  ])('is not tried %s', (_, overrides, set, length) => expect(may(overrides, set, length)).toBe(false));

  const on = (name: string, overrides: Partial<Workload>, max_length: number) => {
    const found = (set: Request['set']) =>
      candidateOn(name, {
        work: {
          ...rowsOf(20_000, SHORT, set),
          facts: QWEN3_8B,
          ...overrides,
          request: { model: 'm', dataset: 'd', set },
        },
        modes: ['lora'],
        max_length,
      });
    return { chosen: found({}), packed: found({ packing: true }), padded: found({ packing: false }) };
  };

  it('is taken where it is clearly faster, with the time and the memory of what is packed', () => {
    const { chosen, packed, padded } = on('a100-large', {}, 512);
    expect(chosen?.recipe.training_args.packing).toBe(true);
    expect(chosen?.seconds).toBe(packed?.seconds);
    expect(chosen?.seconds).toBeLessThan(0.85 * (padded?.seconds ?? 0));
    const { per_device_train_batch_size: batch } = chosen?.recipe.training_args ?? {};
    expect(chosen?.memory.activations).toBe(packed?.memory.activations);
    expect(Number(batch)).toBeLessThan(16);
  });

  it('is left where attention would cost more than padding', () => {
    const long = { total: 0, mean: 1800, p50: 1500, p95: 3600, max: 4090, estimated: false };
    const { chosen, packed, padded } = on('t4-small', { facts: QWEN3_06B, tokens: long }, 4096);
    expect(packed?.seconds).toBeGreaterThan(padded?.seconds ?? 0);
    expect(chosen?.recipe.training_args.packing).toBe(false);
  });
});

it('a mask makes attention dearer: the more, the longer what is packed', () => {
  const seconds = (tokens: number, packed: boolean) =>
    microBatchSeconds(
      {
        ...{ shape: QWEN3_06B, mode: 'full', weight_bytes: 4, sequences: 1, checkpointing: true },
        ...{ extra_forwards: 0, adapted: 1, tokens, packed },
      },
      cpu(4),
    );
  const ratio = (tokens: number) => seconds(tokens, true) / seconds(tokens, false);
  expect(ratio(512)).toBeGreaterThan(1);
  expect(ratio(512)).toBeLessThan(1.2);
  expect(ratio(8192)).toBeGreaterThan(1.5);
});
