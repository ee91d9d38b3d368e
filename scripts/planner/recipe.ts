import type { MethodReport, TokenStatistics } from '../dataset/report.ts';
import type { JsonValue } from '../plan/json.ts';
import type { Request } from '../plan/request.ts';
import type { Recipe } from '../plan/schema.ts';
import type { ModelFacts } from './model-facts.ts';

/** Where the recipe has to run. */
export interface Target {
  kind: 'cuda' | 'mps' | 'cpu';
  bf16: boolean;
}

/** What of a run doesn't depend on the hardware. Rows, tokens and steps are counts. */
export interface Workload {
  facts: ModelFacts;
  report: MethodReport;
  tokens: TokenStatistics;
  /** Rows that are trained on, and rows held out. */
  rows: number;
  eval_rows: number;
  request: Request;
}

export interface Decision {
  what: string;
  because: string;
}

/** Above this, LoRA is the default: full fine-tuning needs 16 bytes a parameter. */
const LORA_ABOVE_PARAMETERS = 3e9;
/** TRL's "LoRA Without Regret" guide: small effective batches, and about ten times the full learning rate. */
const LEARNING_RATE = { full: 2e-5, lora: 2e-4 };
const LORA = { r: 32, lora_alpha: 32, lora_dropout: 0, target_modules: 'all-linear' };
const LENGTHS = [512, 1024, 2048, 4096, 8192, 16_384, 32_768];
const SEED = 42;

/** The modes worth trying, best first, and why. */
export function modesFor(facts: ModelFacts, lora: Request['lora']): { modes: ('full' | 'lora')[]; why: string } {
  if (lora === 'on') return { modes: ['lora'], why: 'asked for' };
  if (lora === 'off') return { modes: ['full'], why: 'asked for' };
  const size =
    facts.parameters >= 1e8
      ? `${(facts.parameters / 1e9).toPrecision(2)} B`
      : `${(facts.parameters / 1e6).toPrecision(2)} M`;
  return facts.parameters > LORA_ABOVE_PARAMETERS
    ? { modes: ['lora'], why: `${size} parameters: above 3 B all weights cost too much memory` }
    : { modes: ['full', 'lora'], why: `${size} parameters: all weights fit, and learn the most` };
}

export function defaultEpochs(rows: number, request: Request): Decision & { epochs: number } {
  if (request.epochs !== undefined)
    return { epochs: request.epochs, what: `${request.epochs} epochs`, because: 'asked for' };
  if (request.examples !== undefined) return { epochs: 1, what: '1 epoch', because: 'a demo' };
  return rows <= 10_000
    ? { epochs: 3, what: '3 epochs', because: `${rows} rows are few` }
    : { epochs: 1, what: '1 epoch', because: `${rows} rows are enough for one pass` };
}

/** The shortest usual length that cuts no row, or at most one in twenty; within what the model can read. */
export function chooseMaxLength(
  tokens: TokenStatistics,
  facts: ModelFacts,
  request: Request,
): Decision & { length: number } {
  const limit = Math.min(facts.max_length ?? Number.POSITIVE_INFINITY, LENGTHS.at(-1) ?? 0);
  if (request.maxLength !== undefined) {
    return { length: request.maxLength, what: `sequences up to ${request.maxLength} tokens`, because: 'asked for' };
  }
  // Characters are a rough measure of tokens: a quarter of room.
  const room = tokens.estimated ? 1.25 : 1;
  const wanted = tokens.max <= 2 * tokens.p95 ? tokens.max * room : tokens.p95 * room;
  const length = Math.min(LENGTHS.find((candidate) => candidate >= wanted) ?? limit, limit);
  const estimated = tokens.estimated ? ' (estimated)' : '';
  return {
    length,
    what: `sequences up to ${length} tokens`,
    because:
      tokens.max * room <= length
        ? `the longest row has about ${tokens.max}${estimated}`
        : `95 of 100 rows have at most ${tokens.p95}${estimated}; the longest, ${tokens.max}, is cut`,
  };
}

/** Rows to hold out: one in twenty, between 8 and 200, where there are enough and it isn't a demo. */
export function heldOutRows(rows: number, request: Request): number {
  if (request.examples !== undefined || rows < 100) return 0;
  return Math.min(200, Math.max(8, Math.round(rows / 20)));
}

/** Sequences an optimizer step learns from: 16, fewer where there would be too few steps. */
export function effectiveBatch(rows: number): number {
  return rows < 1000 ? 8 : 16;
}

/** Steps that transformers' Trainer makes of these rows. */
export function totalSteps(
  rows: number,
  batch: number,
  accumulation: number,
  epochs: number,
  maxSteps?: number,
): number {
  if (maxSteps !== undefined) return maxSteps;
  return Math.max(1, Math.ceil(epochs * Math.max(1, Math.ceil(Math.ceil(rows / batch) / accumulation))));
}

/** The recipe for one mode, target and batch; the search decides which of them fits. */
export function buildRecipe(
  work: Workload,
  choice: { mode: 'full' | 'lora'; target: Target; batch: number; max_length: number; epochs: number },
): Recipe {
  const { request, rows } = work;
  const { mode, target, batch, epochs } = choice;
  const set = request.set ?? {};
  const accumulation = numberOr(set.gradient_accumulation_steps, Math.max(1, Math.ceil(effectiveBatch(rows) / batch)));
  const steps = totalSteps(rows, batch, accumulation, epochs, request.maxSteps);
  const every = Math.max(1, Math.ceil(steps / 5));
  const precision = target.kind !== 'cuda' ? 'fp32' : target.bf16 ? 'bf16' : 'fp16';
  const training_args: Record<string, JsonValue> = {
    ...(request.maxSteps === undefined ? { num_train_epochs: epochs } : { max_steps: request.maxSteps }),
    learning_rate: request.learningRate ?? LEARNING_RATE[mode],
    lr_scheduler_type: 'cosine',
    warmup_steps: 0.03,
    per_device_train_batch_size: batch,
    per_device_eval_batch_size: batch,
    gradient_accumulation_steps: accumulation,
    gradient_checkpointing: true,
    max_length: choice.max_length,
    packing: false,
    bf16: precision === 'bf16',
    fp16: precision === 'fp16',
    ...(target.kind === 'cpu' ? { use_cpu: true, dataloader_pin_memory: false } : {}),
    // A line a step; of very long runs about a thousand, which is what a status has to read.
    logging_steps: Math.max(1, Math.floor(steps / 1000)),
    save_strategy: 'steps',
    save_steps: every,
    save_total_limit: 2,
    ...(work.eval_rows > 0 ? { eval_strategy: 'steps', eval_steps: every } : { eval_strategy: 'no' }),
    seed: SEED,
    ...set,
  };
  return {
    mode,
    precision,
    // LoRA's base is only read: 16 bits hold it. Trained weights are kept in fp32, computed in 16 bits.
    weights_dtype: mode === 'full' || target.kind !== 'cuda' ? 'float32' : target.bf16 ? 'bfloat16' : 'float16',
    attn_implementation: null,
    lora: mode === 'lora' ? LORA : null,
    quantization: null,
    training_args,
    total_steps: steps,
  };
}

export const LORA_RANK = LORA.r;

export function numberOr(value: JsonValue | undefined, fallback: number): number {
  return typeof value === 'number' && value > 0 ? value : fallback;
}
