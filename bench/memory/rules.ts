import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { OracleRow } from './oracle.ts';

const Estimate = z.object({
  family: z.string(),
  layers: z.number(),
  bytes: z.object({ float32: z.number(), float16: z.number(), int4: z.number().nullable() }),
});

/** What accelerate_estimate.py recorded, by family and depth. */
const estimates = new Map(
  readFileSync(new URL('accelerate.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => Estimate.parse(JSON.parse(line)))
    .map(({ family, layers, bytes }) => [`${family} ${layers}`, bytes]),
);

/** `accelerate estimate-memory`'s "Training using Adam" in bytes, for the dtype of the weights; null where it says N/A. */
function accelerate({ family, config, mode, weights }: OracleRow): number | null {
  const bytes = estimates.get(`${family} ${config.num_hidden_layers}`);
  if (!bytes) throw new Error(`nothing recorded of accelerate for ${family} with ${config.num_hidden_layers} layers`);
  return mode === 'qlora' ? bytes.int4 : weights === 'fp32' ? bytes.float32 : bytes.float16;
}

/** Bytes a parameter that guides go by: of all weights with AdamW, and of a frozen base in 16 and in 4 bits. */
const byParameters =
  (full: number, lora: number, qlora: number) =>
  ({ mode }: Pick<OracleRow, 'mode'>, parameters: number): number =>
    parameters * { full, lora, qlora }[mode];

export type Rule = (row: OracleRow, parameters: number) => number | null;
export const RULES: Record<string, Rule> = {
  'accelerate estimate-memory': accelerate,
  '16 bytes a parameter, LoRA 2, QLoRA 0.5': byParameters(16, 2, 0.5),
  '18 bytes a parameter, LoRA 2.4, QLoRA 0.6': byParameters(18, 2.4, 0.6),
};
