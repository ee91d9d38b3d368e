import * as z from 'zod';
import { type MemoryInput, type MemoryParts, totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { parametersFromShape } from '../../scripts/planner/model-facts/shape.ts';
import { jsonLines } from '../json-lines.ts';
import { factsFrom } from './facts.ts';
import { OracleRow } from './oracle.ts';

const GIB = 2 ** 30;

/** A step of a whole model that fake_reserved.py took through the allocator's rules; sizes in bytes. */
const Row = OracleRow.pick({
  config: true,
  weights: true,
  mode: true,
  rank: true,
  batch: true,
  length: true,
  checkpointing: true,
  accumulation: true,
}).extend({
  /** Of the published run, or what tells TRL's own steps apart. */
  id: z.string(),
  /** Of a run that isn't TRL's, its loss. */
  loss: z.string().optional(),
  /** At the peak. */
  allocated: z.number(),
  reserved: z.number(),
});
export type ReservedRow = z.infer<typeof Row>;

export const readReserved = (): ReservedRow[] =>
  jsonLines(new URL('reserved.jsonl', import.meta.url)).map((row) => Row.parse(row));

/** What the allocator keeps beyond what lives, GiB, by the published run. */
export const cachedByRun = (): ReadonlyMap<string, number> =>
  new Map(readReserved().map(({ id, allocated, reserved }) => [id, (reserved - allocated) / GIB]));

export function reservedInput(row: ReservedRow): MemoryInput {
  const facts = factsFrom(row.id, { ...row.config, parameters: 0 });
  return {
    facts: { ...facts, parameters: parametersFromShape(facts, facts.layout.tied_embeddings) },
    mode: row.mode,
    weight_bytes: row.weights === 'fp32' ? 4 : 2,
    lora_rank: row.rank,
    per_device_train_batch_size: row.batch,
    max_length: row.length,
    gradient_accumulation_steps: row.accumulation,
    gradient_checkpointing: row.checkpointing,
    padded: false,
  };
}

/** TRL's own steps: what our estimate says that PyTorch reserves, without the workspaces that no operation asks for. */
export const ownSteps = (): { row: ReservedRow; parts: MemoryParts; ours: number; error: number }[] =>
  readReserved()
    .filter(({ loss }) => loss === undefined)
    .map((row) => {
      const parts = trainingMemory(reservedInput(row));
      const ours = totalGib(parts) - parts.framework;
      return { row, parts, ours, error: ours / (row.reserved / GIB) - 1 };
    });
