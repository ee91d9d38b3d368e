import * as z from 'zod';
import type { MemoryInput } from '../../scripts/planner/memory.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { jsonLines } from '../json-lines.ts';
import { factsFrom } from './facts.ts';

/** A step that fake_step.py counted; sizes in bytes. */
export const OracleRow = z.object({
  family: z.string(),
  config: z.looseObject({
    model_type: z.string(),
    hidden_size: z.number(),
    num_attention_heads: z.number(),
    num_key_value_heads: z.number(),
    head_dim: z.number().optional(),
    intermediate_size: z.number(),
    vocab_size: z.number(),
    tie_word_embeddings: z.boolean(),
    num_hidden_layers: z.number(),
  }),
  attention: z.string(),
  /** bf16 on a GPU, fp32 on a CPU. */
  compute: z.enum(['bf16', 'fp32']),
  weights: z.enum(['fp32', 'bf16']),
  mode: z.enum(['full', 'lora', 'qlora']),
  rank: z.number(),
  batch: z.number(),
  length: z.number(),
  padded: z.boolean(),
  checkpointing: z.boolean(),
  accumulation: z.number(),
  reference: z.boolean(),
  /** Where it isn't supervised. */
  method: z.enum(['dpo', 'kto', 'reward', 'grpo', 'rloo']).optional(),
  /** Tokens of a sequence that the method's loss scores. */
  completion: z.number().optional(),
  peak: z.number(),
  phases: z.record(z.string(), z.number()),
  steady: z.number(),
  trained: z.number(),
  parameters: z.number(),
});
export type OracleRow = z.infer<typeof OracleRow>;

/** Families that the inside of a layer is fitted on; all others are held out. */
const FITTED_ON = [
  'qwen3-0.6b',
  'qwen3-4b',
  'qwen2.5-0.5b',
  'qwen2.5-7b',
  'llama-3.2-1b',
  'llama-3.1-8b',
  'llama-2-7b',
  'smollm2-135m',
  'gemma3-1b',
  'gemma2-2b',
  'phi3-mini',
  'qwen3.5-4b-like',
  'qwen3-30b-a3b',
  'mixtral-8x7b',
  'gpt-oss-20b',
];
export const isFitted = (row: OracleRow): boolean => FITTED_ON.includes(row.family);

export const readOracle = (): OracleRow[] =>
  jsonLines(new URL('oracle.jsonl', import.meta.url)).map((row) => OracleRow.parse(row));

/** The row's model, with its parameters as a step of all weights or a LoRA step of the same shape counted them. */
export function factsOf(row: OracleRow, rows: readonly OracleRow[]): ModelFacts {
  const { config } = row;
  const counted = [row, ...rows].find(
    (other) =>
      other.mode !== 'qlora' &&
      other.method !== 'reward' &&
      other.family === row.family &&
      other.config.num_hidden_layers === config.num_hidden_layers,
  );
  if (!counted)
    throw new Error(`no step of ${row.family} with ${config.num_hidden_layers} layers counts its parameters`);
  const adapters = counted.mode === 'lora' ? counted.trained : 0;
  return factsFrom(row.family, { ...config, parameters: counted.parameters - adapters });
}

/** What of a recorded step our estimate takes; rows with pictures and of several processes have more. */
export function stepInput(row: Omit<OracleRow, 'config'>, facts: ModelFacts): MemoryInput {
  return {
    facts,
    mode: row.mode,
    weight_bytes: row.weights === 'fp32' ? 4 : 2,
    lora_rank: row.rank,
    per_device_train_batch_size: row.batch,
    max_length: row.length,
    gradient_accumulation_steps: row.accumulation,
    gradient_checkpointing: row.checkpointing,
    padded: row.padded,
    reference: row.reference,
    compute: row.compute === 'bf16' ? 'mixed' : 'fp32',
    ...methodOf(row),
  };
}

export const inputOf = (row: OracleRow, rows: readonly OracleRow[]): MemoryInput => stepInput(row, factsOf(row, rows));

function methodOf({ method, completion, batch, accumulation }: Omit<OracleRow, 'config'>): Partial<MemoryInput> {
  if (method === undefined || completion === undefined) return {};
  return {
    sequences: method === 'dpo' || method === 'reward' ? 2 : 1,
    scored: completion,
    classifier: method === 'reward',
    generated: method === 'grpo' || method === 'rloo' ? batch * accumulation : 0,
  };
}
