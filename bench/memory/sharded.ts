import * as z from 'zod';
import { allocatedGib, type MemoryInput, reservedGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { jsonLines } from '../json-lines.ts';
import { factsFrom } from './facts.ts';
import { OracleRow, stepInput } from './oracle.ts';
import { knownModel, type PublishedRow, readPublished } from './published.ts';
import { grouped, HEADER, line } from './statistics.ts';
import { wholeLogitsGib } from './whole-logits.ts';

/** A step of one process under FSDP2 that fake_sharded_step.py counted; sizes in bytes. */
const Row = OracleRow.extend({ processes: z.number(), sync_each_batch: z.boolean() });
export type ShardedRow = z.infer<typeof Row>;

export const readSharded = (): ShardedRow[] =>
  jsonLines(new URL('oracle-sharded.jsonl', import.meta.url)).map((row) => Row.parse(row));

export function shardedInput(row: ShardedRow): MemoryInput {
  const parameters = row.parameters - (row.mode === 'full' ? 0 : row.trained);
  return {
    ...stepInput(row, factsFrom(row.family, { ...row.config, parameters })),
    processes: { count: row.processes, sharded: true, sync_each_batch: row.sync_each_batch },
  };
}

/** Our estimate against what was recorded, as a share; what the allocator and the GPU add is left out. */
export const shardedError = (row: ShardedRow): number =>
  (allocatedGib(trainingMemory(shardedInput(row)), 0) * 2 ** 30) / row.peak - 1;

/**
 * What ZeRO-3 keeps gathered: weights that are used again within so many, in 16 bits
 * (stage3_max_live_parameters and stage3_max_reuse_distance, 1e9 in DeepSpeed 0.19 and in ms-swift's file).
 */
const liveGib = ({ facts }: MemoryInput): number => (2 * Math.min(1e9, facts.parameters)) / 2 ** 30;

export interface PublishedSharded {
  row: PublishedRow;
  ours: number;
  error: number;
}

/** Published runs under FSDP2 and ZeRO-3, per accelerator, GiB. */
export function publishedSharded(): PublishedSharded[] {
  return readPublished().flatMap(({ row }) => {
    const facts = knownModel(row.model);
    const zero3 = row.parallel === 'zero3';
    const judged = zero3 || row.parallel === 'fsdp2';
    const paired = row.method === 'dpo';
    if (!judged || !(paired || row.method === 'sft') || !row.gradient_checkpointing) return [];
    if (facts === null || !row.gpus || !row.seq_len) return [];
    const input: MemoryInput = {
      facts,
      mode: row.mode,
      // Full weights are kept in fp32 by all of them: FSDP2's own copy, or DeepSpeed's.
      weight_bytes: row.mode === 'full' ? 4 : 2,
      lora_rank: row.lora_rank ?? 8,
      per_device_train_batch_size: row.micro_batch,
      max_length: row.seq_len,
      // ms-swift packs both answers of a row into the same sequence.
      sequences: paired && !/^packed/.test(row.seq_note) ? 2 : 1,
      // ZeRO-3's 16-bit weights and 16-bit gradients are there from the start, as FSDP2's fp32 gradients of earlier batches.
      gradient_accumulation_steps: zero3 ? 2 : 1,
      padded: false,
      processes: { count: row.gpus, sharded: true, sync_each_batch: true },
    };
    const parts = trainingMemory(input);
    const live = zero3 ? Math.max(0, liveGib(input) - (parts.communication ?? 0)) : 0;
    // Of DPO over all weights a second model, frozen.
    const reference = paired && row.mode === 'full' ? (2 * facts.parameters) / row.gpus / 2 ** 30 : 0;
    const logits = row.loss_chunked ? 0 : wholeLogitsGib(input, 'unshifted');
    const reserved = /reserved/.test(row.memory_kind);
    const ours = (reserved ? reservedGib(parts) : allocatedGib(parts)) + logits + live + reference;
    return [{ row, ours, error: ours / row.measured_peak_gib - 1 }];
  });
}

/** Lines of the bench: recorded steps under FSDP2, and published ones. */
export function shardedLines(): string[] {
  const rows = readSharded();
  const errorsBy = (key: (row: ShardedRow) => string): string[] =>
    grouped(rows, key).map(([name, items]) => line(name, items.map(shardedError)));
  return [
    `\nRecorded steps of one process under FSDP2, nothing fitted to them (allocated)\n${HEADER}`,
    ...errorsBy((row) => `${row.mode}, ${row.processes} processes${row.reference ? ', beside a reference' : ''}`),
    ...errorsBy((row) => row.family),
    line('all', rows.map(shardedError)),
    '\nPublished, several GPUs, nothing fitted to them',
    ...publishedSharded().map(
      ({ row, ours, error }) =>
        `  ${row.parallel.padEnd(6)} ${row.id.padEnd(44)} measured ${row.measured_peak_gib.toFixed(1).padStart(6)}  ours ${ours.toFixed(1).padStart(6)}  ${(100 * error).toFixed(1).padStart(6)}%  ${row.seq_note}`,
    ),
  ];
}
