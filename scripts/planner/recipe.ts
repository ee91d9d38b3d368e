import type { JsonValue } from '../plan/json.ts';
import { isOnline } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { Recipe } from '../plan/schema.ts';
import { adaptedModules } from './model-facts/adapted-modules.ts';
import { overflowsFp16 } from './model-facts/fp16.ts';
import { answerTokens } from './recipe/lengths.ts';
import { loraAsked, trainerArguments } from './recipe/lora-arguments.ts';
import { loraRank } from './recipe/lora-rank.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import { packedSequences, packs } from './recipe/packing.ts';
import { accumulationFor, answersPerPrompt, evalAnswers, evalBatch, totalSteps } from './recipe/steps.ts';
import type { Decision, Target, Workload } from './workload.ts';

/**
 * An alpha that stays: peft scales by alpha / r, so that the same learning rate suits every rank ("LoRA Without Regret",
 * Schulman et al. 2025).
 */
const LORA = { lora_alpha: 32, lora_dropout: 0 };
/** As in the paper (Dettmers et al. 2023, section 3): NF4, its scales quantized too, computed in 16 bits. */
const FOUR_BITS = {
  load_in_4bit: true,
  bnb_4bit_quant_type: 'nf4',
  bnb_4bit_use_double_quant: true,
  bnb_4bit_compute_dtype: 'bfloat16',
};
const SEED = 42;
/** Up to so many rows are read three times, more once. */
export const FEW_ROWS = 10_000;

export type Mode = Recipe['mode'];

/** How often each row is trained on, or, where steps were asked for, those instead. */
export function defaultEpochs(rows: number, request: Request): Decision & { epochs: number } {
  if (request.maxSteps !== undefined) return { epochs: 1, what: many(request.maxSteps, 'step'), because: 'asked for' };
  if (request.epochs !== undefined) {
    return { epochs: request.epochs, what: many(request.epochs, 'epoch'), because: 'asked for' };
  }
  if (request.examples !== undefined) return { epochs: 1, what: '1 epoch', because: 'a demo' };
  return rows <= FEW_ROWS
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
    /** That work side by side; each has batches of its own. One, if not said. */
    processes?: number;
    /** Virtual CPUs that may prepare rows side by side; one, if not said. */
    cpus?: number;
    /** Whether activations are computed again in the backward pass; they are, if not said. */
    checkpointing?: boolean;
    /** Steps between two checkpoints, where a fifth of all isn't right. */
    save_every?: number;
  },
): Recipe {
  const { request } = work;
  const { mode, target, batch, epochs, processes = 1 } = choice;
  const set = request.set ?? {};
  const own = methodRecipe(work.method);
  const sequences = packedSequences(work, work.rows, choice.max_length);
  const accumulation = wholeAccumulation(work, batch * processes, choice.max_length);
  const steps = totalSteps(work, batch * processes, accumulation, epochs, sequences);
  const fifth = Math.max(1, Math.ceil(steps / 5));
  const every = choice.save_every ?? fifth;
  const precision =
    target.kind !== 'cuda' ? 'fp32' : target.bf16 ? 'bf16' : overflowsFp16(work.facts) ? 'fp32' : 'fp16';
  const training_args: Record<string, JsonValue> = {
    ...(request.maxSteps === undefined ? { num_train_epochs: epochs } : { max_steps: request.maxSteps }),
    learning_rate: request.learningRate ?? own.learning_rate[mode === 'full' ? 'full' : 'lora'],
    lr_scheduler_type: 'cosine',
    // The rate of a warmup's first step is 0: a single step would learn nothing.
    warmup_steps: steps > 1 ? 0.03 : 0,
    per_device_train_batch_size: batch,
    per_device_eval_batch_size: evalBatch(work, batch, processes),
    gradient_accumulation_steps: accumulation,
    activation_checkpointing: choice.checkpointing ?? true,
    ...(own.generation === null
      ? { max_length: work.report.vision ? null : choice.max_length }
      : {
          num_generations: answersPerPrompt(work),
          num_generations_eval: evalAnswers(work),
          max_completion_length: answerTokens(work),
        }),
    ...own.arguments,
    ...(packs(work) ? { packing: true } : {}),
    ...preparing(work, choice.cpus ?? 1),
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
    ...trainerArguments(set),
  };
  return {
    mode,
    precision,
    // LoRA's base is only read: 16 bits hold it. Trained weights are kept in fp32, computed in 16 bits.
    weights_dtype: mode === 'full' || precision === 'fp32' ? 'float32' : target.bf16 ? 'bfloat16' : 'float16',
    // sdpa, with PyTorch's own kernel for the GPU. The Hub's flash kernels are fetched by the newest build of a branch,
    // which no digest covers, and builds for a new PyTorch come late (huggingface/kernels-community issue 1082).
    attn_implementation: null,
    lora:
      mode === 'full'
        ? null
        : {
            r: loraRank(work.whole ?? work).rank,
            ...LORA,
            target_modules: adaptedModules(work.facts),
            ...loraAsked(set),
          },
    quantization: mode === 'qlora' ? FOUR_BITS : null,
    training_args,
    total_steps: steps,
  };
}

/** Of a demo, that of the whole run. */
function wholeAccumulation(work: Workload, batch: number, max_length: number): number {
  const whole: Workload = { ...work, ...work.whole, ...(work.packing === undefined ? {} : { packing: work.packing }) };
  return accumulationFor(whole, batch, packedSequences(whole, whole.rows, max_length));
}

/** A process takes a second to start and rows a millisecond each: one for so many rows is worth it. */
const ROWS_PER_PROCESS = 4000;
const MOST_PROCESSES = 16;

/** How many processes tokenize, where TRL's config has an argument for it and there are pictures in no row. */
function preparing({ method, report, rows }: Workload, cpus: number): Record<string, JsonValue> {
  const processes = Math.min(cpus, MOST_PROCESSES, Math.ceil(rows / ROWS_PER_PROCESS));
  return isOnline(method) || report.vision || processes < 2 ? {} : { dataset_num_proc: processes };
}

/** Whether activations are computed again in the backward pass, of every layer. */
export function checkpoints({ training_args: args }: Pick<Recipe, 'training_args'>): boolean {
  const more = args.activation_checkpointing_kwargs;
  const every = typeof more === 'object' && more !== null && 'every_n_layers' in more ? more.every_n_layers : 1;
  return args.activation_checkpointing !== false && every === 1;
}
