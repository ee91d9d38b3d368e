import { describe, expect, it } from 'vitest';
import { packedSequences } from '../../scripts/planner/packing.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { batchesFor } from '../../scripts/planner/steps.ts';
import { work } from './support.ts';

const packing = (rows: number, tokens: { mean: number; p50: number; p95: number; max: number }, strategy?: string) => {
  const set = { packing: true, ...(strategy ? { packing_strategy: strategy } : {}) };
  const request = { model: 'm', dataset: 'd', set };
  return work({ rows, eval_rows: 0, request, tokens: { total: rows * tokens.mean, estimated: false, ...tokens } });
};

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

  it('make the steps and the checkpoints', () => {
    const small = packing(700, { mean: 100, p50: 89, p95: 198, max: 316 });
    const sequences = packedSequences(small, 700, 1024);
    // One long sequence at a time: a batch of them would be one whose attention is wider still.
    expect(batchesFor(small, sequences)).toEqual([1]);
    const choice = {
      mode: 'full',
      target: { kind: 'cuda', bf16: true },
      batch: 1,
      max_length: 1024,
      epochs: 1,
    } as const;
    const { total_steps, training_args } = buildRecipe(small, choice);
    expect(total_steps).toBe(Math.ceil(sequences / 8));
    expect(Number(training_args.save_steps)).toBeLessThan(total_steps / 3);
  });
});
