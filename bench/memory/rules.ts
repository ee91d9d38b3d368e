import * as z from 'zod';
import { jsonLines } from '../json-lines.ts';

const Estimate = z.object({
  family: z.string(),
  layers: z.number(),
  bytes: z.object({ float32: z.number(), float16: z.number(), int4: z.number().nullable() }),
});

/** What accelerate_estimate.py recorded, by family and depth. */
const estimates = new Map(
  jsonLines(new URL('accelerate.jsonl', import.meta.url))
    .map((row) => Estimate.parse(row))
    .map(({ family, layers, bytes }) => [`${family} ${layers}`, bytes]),
);

/** Of a model by its name or family, with its weights' dtype. */
export interface Asked {
  family: string;
  layers: number;
  mode: 'full' | 'lora' | 'qlora';
  weights: 'fp32' | 'bf16';
  parameters: number;
}

/** `accelerate estimate-memory`'s "Training using Adam" in bytes, for the dtype of the weights; null where it says N/A. */
function accelerate({ family, layers, mode, weights }: Asked): number | null {
  const bytes = estimates.get(`${family} ${layers}`);
  if (!bytes) throw new Error(`nothing recorded of accelerate for ${family} with ${layers} layers`);
  return mode === 'qlora' ? bytes.int4 : weights === 'fp32' ? bytes.float32 : bytes.float16;
}

/** Bytes a parameter that guides go by: of all weights with AdamW, and of a frozen base in 16 and in 4 bits. */
const byParameters =
  (full: number, lora: number, qlora: number) =>
  ({ mode, parameters }: Asked): number =>
    parameters * { full, lora, qlora }[mode];

export const RULES: Record<string, (asked: Asked) => number | null> = {
  'accelerate estimate-memory': accelerate,
  '16 bytes a parameter, LoRA 2, QLoRA 0.5': byParameters(16, 2, 0.5),
  '18 bytes a parameter, LoRA 2.4, QLoRA 0.6': byParameters(18, 2.4, 0.6),
};
