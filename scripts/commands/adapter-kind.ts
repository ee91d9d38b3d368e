import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import { preview } from '../printable.ts';

/** Of peft's `adapter_config.json`. Older ones name no task; peft then merges it as what the base is loaded as. */
const AdapterKind = z.object({ peft_type: z.unknown().optional(), task_type: z.unknown().optional() });

/**
 * Throws TrainerError `usage` for an adapter that can't become one model with its base: soft prompts change no weights,
 * and a classifier's adapter was trained beside another head than a language model's.
 */
export async function checkAdapterKind(files: ModelFiles): Promise<void> {
  const { data } = AdapterKind.safeParse(await files.json('adapter_config.json'));
  if ((data?.peft_type ?? 'LORA') !== 'LORA') {
    throw refused(
      'adapter_not_lora',
      `${files.id} is an adapter of the kind ${preview(String(data?.peft_type))}, not LoRA`,
    );
  }
  if ((data?.task_type ?? 'CAUSAL_LM') !== 'CAUSAL_LM') {
    throw refused(
      'adapter_of_other_task',
      `${files.id} is an adapter for the task ${preview(String(data?.task_type))}, not CAUSAL_LM`,
    );
  }
}

const refused = (code: string, message: string): TrainerError =>
  new TrainerError('usage', code, message, 'Give a LoRA adapter of a language model, or a whole model.');
