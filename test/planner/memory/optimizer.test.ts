import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { jsonLines } from '../../../bench/json-lines.ts';
import { optimizerOf, stepBytes } from '../../../scripts/planner/memory/optimizer.ts';
import { totalGib, trainingMemory } from '../../../scripts/planner/memory.ts';
import { QWEN3_06B } from '../support.ts';

const Row = z.object({
  optim: z.string(),
  optim_args: z.string().optional(),
  weight_decay: z.number(),
  trained_bytes: z.number(),
  trained: z.number(),
  vocab_size: z.number(),
  hidden_size: z.number(),
  kept: z.number(),
  made: z.number(),
});
const rows = jsonLines(new URL('../../../bench/memory/optimizers.jsonl', import.meta.url)).map((row) => Row.parse(row));

const named = ({ optim_args = '', ...row }: z.infer<typeof Row>) => ({ ...row, optim_args });

describe('an optimizer', () => {
  it.each(rows.map(named))(
    '$optim $optim_args, decay $weight_decay, $trained_bytes bytes a weight: as counted',
    (row) => {
      const { optim, optim_args, weight_decay, trained_bytes, trained, vocab_size, hidden_size } = row;
      const optimizer = optimizerOf({ optim, optim_args, weight_decay });
      const of = { ...QWEN3_06B, vocab_size, hidden_size };
      const share = (bytes: number) => bytes / (trained * trained_bytes);
      expect(optimizer.kept).toBeCloseTo(share(row.kept), 2);
      const made = stepBytes(optimizer, { of, gradients: trained * trained_bytes, trained_bytes });
      expect(share(made)).toBeCloseTo(share(row.made), 2);
    },
  );

  it.each([
    ['ademamix', 3],
    ['paged_ademamix_32bit', 3],
    ['paged_adamw_32bit', 2],
    ['paged_lion_32bit', 1],
    ['paged_ademamix_8bit', 3 / 4],
  ])('%s has room for %d numbers of 4 bytes for each weight of an adapter', (optim, numbers) =>
    expect(optimizerOf({ optim }).kept * 2).toBeGreaterThanOrEqual(numbers * 4),
  );

  it('that keeps less than AdamW lets a model fit where AdamW does not', () => {
    const full = { facts: QWEN3_06B, mode: 'full', weight_bytes: 4, lora_rank: 32 } as const;
    const gib = (optim: string) =>
      totalGib(
        trainingMemory({ ...full, per_device_train_batch_size: 1, max_length: 64, optimizer: optimizerOf({ optim }) }),
      );
    const weights = (4 * QWEN3_06B.parameters) / 2 ** 30;
    expect(gib('adamw_torch_fused') - gib('sgd')).toBeGreaterThan(1.9 * weights);
    expect(gib('adafactor')).toBeLessThan(gib('adamw_torch_fused'));
    expect(gib('paged_adamw_8bit')).toBe(gib('adamw_torch_fused'));
  });
});
