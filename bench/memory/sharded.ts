import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { allocatedGib, type MemoryInput, reservedGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { factsFrom } from './facts.ts';
import { fullLogitsGib } from './full-logits.ts';
import { OracleRow } from './oracle.ts';
import { knownModel, readPublished } from './published.ts';
import { grouped, HEADER, line } from './statistics.ts';

/** A step of one process under FSDP2 that fake_sharded_step.py counted; sizes in bytes. */
const Row = OracleRow.extend({ processes: z.number(), sync_each_batch: z.boolean() });
export type ShardedRow = z.infer<typeof Row>;

export function readSharded(file = new URL('oracle-sharded.jsonl', import.meta.url)): ShardedRow[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Row.parse(JSON.parse(line)));
}

export function shardedInput(row: ShardedRow): MemoryInput {
  const parameters = row.parameters - (row.mode === 'full' ? 0 : row.trained);
  return {
    facts: factsFrom(row.family, { ...row.config, parameters }),
    mode: row.mode,
    weight_bytes: row.weights === 'fp32' ? 4 : 2,
    lora_rank: row.rank,
    per_device_train_batch_size: row.batch,
    max_length: row.length,
    gradient_accumulation_steps: row.accumulation,
    gradient_checkpointing: row.checkpointing,
    padded: row.padded,
    processes: { count: row.processes, sharded: true, sync_each_batch: row.sync_each_batch },
  };
}

/** Our estimate against what was recorded, as a share; what the allocator and the GPU add is left out. */
export const shardedError = (row: ShardedRow): number =>
  (allocatedGib(trainingMemory(shardedInput(row)), 0) * 2 ** 30) / row.peak - 1;

/** Published runs under FSDP2 or ZeRO-3 that kept what ours keep: per accelerator, GiB. */
export function publishedSharded(): { id: string; measured: number; ours: number }[] {
  return readPublished().flatMap(({ row }) => {
    const facts = knownModel(row.model);
    const comparable = ['fsdp2', 'zero3'].includes(row.parallel) && row.method === 'sft' && row.gradient_checkpointing;
    if (!comparable || facts === null || !row.gpus || !row.seq_len) return [];
    const input: MemoryInput = {
      facts,
      mode: row.mode,
      // Full weights are kept in fp32 by all of them: FSDP2's own copy, or DeepSpeed's.
      weight_bytes: row.mode === 'full' ? 4 : 2,
      lora_rank: row.lora_rank ?? 8,
      per_device_train_batch_size: row.micro_batch,
      max_length: row.seq_len,
      gradient_accumulation_steps: 1,
      padded: false,
      processes: { count: row.gpus, sharded: true, sync_each_batch: true },
    };
    const parts = trainingMemory(input);
    const reserved = /reserved/.test(row.memory_kind);
    const ours = (reserved ? reservedGib(parts) : allocatedGib(parts)) + (row.loss_chunked ? 0 : fullLogitsGib(input));
    return [{ id: row.id, measured: row.measured_peak_gib, ours }];
  });
}

/** Lines of the bench: recorded steps under FSDP2, and published ones. */
export function shardedLines(): string[] {
  const rows = readSharded();
  const errorsBy = (key: (row: ShardedRow) => string): string[] =>
    grouped(rows, key).map(([name, items]) => line(name, items.map(shardedError)));
  return [
    `\nRecorded steps of one process under FSDP2, nothing fitted to them (allocated)\n${HEADER}`,
    ...errorsBy((row) => `${row.mode}, ${row.processes} processes`),
    ...errorsBy((row) => row.family),
    line('all', rows.map(shardedError)),
    '\nPublished, several GPUs (reserved under ZeRO-3, whose buffers are larger)',
    ...publishedSharded().map(
      ({ id, measured, ours }) =>
        `  ${id.padEnd(44)} measured ${measured.toFixed(1).padStart(6)}  ours ${ours.toFixed(1).padStart(6)}`,
    ),
  ];
}
