import * as z from 'zod';
import { Json } from './json.ts';
import { PLANNED } from './methods.ts';

/**
 * What the person asked for, flag by flag, with names resolved. A plan carries it, so that `plan --from`
 * can change one thing and keep the rest.
 */
export const Request = z.strictObject({
  model: z.string().min(1),
  dataset: z.string().min(1),
  config: z.string().optional(),
  split: z.string().optional(),
  method: z.enum(PLANNED).optional(),
  map: z.array(z.string()).optional(),
  dropInvalid: z.boolean().optional(),
  full: z.boolean().optional(),
  /** `--reward`, as it was given; the path of a file is absolute. */
  reward: z.array(z.string()).optional(),
  examples: z.number().int().positive().optional(),
  epochs: z.number().positive().optional(),
  maxSteps: z.number().int().positive().optional(),
  learningRate: z.number().positive().optional(),
  lora: z.enum(['auto', 'on', 'off', 'qlora']).optional(),
  maxLength: z.number().int().positive().optional(),
  /** TRL arguments, as `--set name=value` gave them. */
  set: z.record(z.string(), Json).optional(),
  backend: z.enum(['hf', 'local']).optional(),
  flavor: z.string().optional(),
  timeout: z.number().int().positive().optional(),
  outputRepo: z.string().optional(),
  public: z.boolean().optional(),
  bucket: z.string().optional(),
  maxCost: z.number().nonnegative().optional(),
});
export type Request = z.infer<typeof Request>;
