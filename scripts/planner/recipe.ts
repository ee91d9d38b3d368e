import type { JsonValue } from '../plan/json.ts';
import type { Request } from '../plan/request.ts';
import type { Recipe } from '../plan/schema.ts';
import { answerTokens } from './lengths.ts';
import { methodRecipe } from './method-recipe.ts';
import type { ModelFacts } from './model-facts.ts';
import { packedSequences } from './packing.ts';
import { accumulationFor, answersPerPrompt, evalAnswers, evalBatch, totalSteps } from './steps.ts';
import type { Decision, Target, Workload } from './workload.ts';

/** Above this, LoRA is the default: full fine-tuning needs 16 bytes a parameter. */
const LORA_ABOVE_PARAMETERS = 3e9;
const LORA = { r: 32, lora_alpha: 32, lora_dropout: 0, target_modules: 'all-linear' };
/** As in the paper (Dettmers et al. 2023, section 3): NF4, its scales quantized too, computed in 16 bits. */
const FOUR_BITS = {
  load_in_4bit: true,
  bnb_4bit_quant_type: 'nf4',
  bnb_4bit_use_double_quant: true,
  bnb_4bit_compute_dtype: 'bfloat16',
};
const SEED = 42;

export type Mode = Recipe['mode'];

/** The modes worth trying, best first, and why. */
export function modesFor(facts: ModelFacts, lora: Request['lora']): { modes: Mode[]; why: string } {
  if (lora === 'on') return { modes: ['lora'], why: 'asked for' };
  if (lora === 'qlora') return { modes: ['qlora'], why: 'asked for' };
  if (lora === 'off') return { modes: ['full'], why: 'asked for' };
  const size =
    facts.parameters >= 1e8
      ? `${(facts.parameters / 1e9).toPrecision(2)} B`
      : `${(facts.parameters / 1e6).toPrecision(2)} M`;
  return facts.parameters > LORA_ABOVE_PARAMETERS
    ? { modes: ['lora'], why: `${size} parameters: above 3 B all weights cost too much memory` }
    : { modes: ['full', 'lora'], why: `${size} parameters: all weights fit, and learn the most` };
}

/** How often each row is trained on, or, where steps were asked for, those instead. */
export function defaultEpochs(rows: number, request: Request): Decision & { epochs: number } {
  if (request.maxSteps !== undefined) return { epochs: 1, what: many(request.maxSteps, 'step'), because: 'asked for' };
  if (request.epochs !== undefined) {
    return { epochs: request.epochs, what: many(request.epochs, 'epoch'), because: 'asked for' };
  }
  if (request.examples !== undefined) return { epochs: 1, what: '1 epoch', because: 'a demo' };
  return rows <= 10_000
    ? { epochs: 3, what: '3 epochs', because: rows === 1 ? 'one row is little' : `${rows} rows are few` }
    : { epochs: 1, what: '1 epoch', because: `${rows} rows are enough for one pass` };
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** The recipe for one mode, target and batch; the search decides which of them fits. */
export function buildRecipe(
  work: Workload,
  choice: {
    mode: Mode;
    target: Target;
    batch: number;
    max_length: number;
    epochs: number;
    /** The most steps between two checkpoints. */
    save_every?: number;
  },
): Recipe {
  const { request } = work;
  const { mode, target, batch, epochs } = choice;
  const set = request.set ?? {};
  const own = methodRecipe(work.method);
  const sequences = packedSequences(work, work.rows, choice.max_length);
  const accumulation = accumulationFor(work, batch, sequences);
  const steps = totalSteps(work, batch, accumulation, epochs, sequences);
  const fifth = Math.max(1, Math.ceil(steps / 5));
  const every = Math.min(fifth, choice.save_every ?? fifth);
  const precision = target.kind !== 'cuda' ? 'fp32' : target.bf16 ? 'bf16' : 'fp16';
  const training_args: Record<string, JsonValue> = {
    ...(request.maxSteps === undefined ? { num_train_epochs: epochs } : { max_steps: request.maxSteps }),
    learning_rate: request.learningRate ?? own.learning_rate[mode === 'full' ? 'full' : 'lora'],
    lr_scheduler_type: 'cosine',
    warmup_steps: 0.03,
    per_device_train_batch_size: batch,
    per_device_eval_batch_size: evalBatch(work, batch),
    gradient_accumulation_steps: accumulation,
    gradient_checkpointing: true,
    ...(own.generation === null
      ? { max_length: work.report.vision ? null : choice.max_length }
      : {
          num_generations: answersPerPrompt(work),
          num_generations_eval: evalAnswers(work),
          max_completion_length: answerTokens(work),
        }),
    ...own.arguments,
    bf16: precision === 'bf16',
    fp16: precision === 'fp16',
    ...(target.kind === 'cpu' ? { use_cpu: true, dataloader_pin_memory: false } : {}),
    // A line a step; of very long runs about a thousand, which is what a status has to read.
    logging_steps: Math.max(1, Math.floor(steps / 1000)),
    save_strategy: 'steps',
    save_steps: every,
    save_total_limit: 2,
    ...(work.eval_rows > 0
      ? // The best checkpoint is one that was evaluated.
        { eval_strategy: 'steps', eval_steps: set.load_best_model_at_end === true ? every : fifth }
      : { eval_strategy: 'no' }),
    seed: SEED,
    ...set,
  };
  return {
    mode,
    precision,
    // LoRA's base is only read: 16 bits hold it. Trained weights are kept in fp32, computed in 16 bits.
    weights_dtype: mode === 'full' || target.kind !== 'cuda' ? 'float32' : target.bf16 ? 'bfloat16' : 'float16',
    attn_implementation: null,
    lora: mode === 'full' ? null : LORA,
    quantization: mode === 'qlora' ? FOUR_BITS : null,
    training_args,
    total_steps: steps,
  };
}

export const LORA_RANK = LORA.r;
