import type { Recipe } from '../plan/schema.ts';
import type { Accelerator } from './hardware/accelerator.ts';
import type { ModelFacts } from './model-facts.ts';
import type { Strategy } from './recipe/launch.ts';
import { addedToBatch, addedToStep, type Sending } from './time/communication.ts';
import { fixedSeconds } from './time/fixed.ts';
import { decodingSeconds, VLLM_STARTUP_SECONDS, vllmDecodingSeconds } from './time/generation.ts';
import { timed } from './time/layer-costs.ts';
import { accelerated, cpu, forwardSeconds, type MicroBatch, microBatchSeconds, optimizerSeconds } from './time/step.ts';
import { type Pictures, preparingSeconds, throughTower } from './time/tower.ts';

/** Batches that pass the model: sequences side by side, and tokens of each, padding included. */
export interface Batches {
  count: number;
  sequences: number;
  tokens: number;
  /** One sequence of several rows, which a mask keeps apart. */
  packed?: boolean;
}

export interface TimeInput {
  facts: ModelFacts;
  mode: Recipe['mode'];
  /** Bytes of a base weight in memory. */
  weight_bytes: number;
  /** Computed in fp32 throughout; in 16 bits, if not said. A CPU's figures are of fp32. */
  fp32?: boolean;
  checkpointing: boolean;
  /** Parameters that are trained. */
  trained: number;
  total_steps: number;
  training: Batches;
  evaluation: Batches;
  /** Of a sequence, on average; none, if not said. */
  pictures?: Pictures;
  /** Forward passes without gradients over each batch: of a reference model, for example. */
  forwards: number;
  /** Of these, those of a frozen copy; none, if not said. */
  reference?: number;
  /** Answers that are written before they are trained on: rounds, answers side by side, tokens of each; null for none. */
  generation: { rounds: number; sequences: number; prompt: number; tokens: number }[];
  /** Whether vLLM writes them. */
  vllm?: boolean;
  /** Tokens of all rows, once. */
  data_tokens: number;
  /** Processes that tokenize them. */
  tokenizers: number;
  /** How far the token counts may be off, a factor. */
  tokens_uncertainty: number;
  checkpoints: number;
  backend: 'hf' | 'local';
  /** null for a CPU. */
  accelerator: Accelerator | null;
  /** Accelerators that work side by side, and how; one, if not said. Batches are those of each. */
  processes?: { count: number; strategy: Strategy };
  cpus: number;
}

/** Seconds from the job's start to its end, by what they are spent on, and between what they are likely to lie. */
export interface JobTime {
  seconds: number;
  range: [number, number];
  parts: Record<'setup' | 'training' | 'generation' | 'evaluation' | 'checkpoints' | 'saving', number>;
  /** To save and upload what is trained where the run has to stop, seconds. */
  stopping: number;
}

/** Of figures that no run has confirmed: cores differ, and so do networks and disks. */
const UNCERTAINTY = { cpu: 2, experts: 2, fixed: 1.5, several: 1.3, links: 2, counted_layers: 1.5 };
/** Of layers that weren't even counted. */
export const UNKNOWN_LAYERS = 3;

export function jobTime(input: TimeInput): JobTime {
  const { facts, mode, weight_bytes, accelerator, training, evaluation, forwards } = input;
  const on = accelerator ? accelerated(accelerator, undefined, input.fp32) : cpu(input.cpus);
  const batch = ({ sequences, tokens, packed }: Batches): MicroBatch => ({
    shape: facts,
    mode,
    weight_bytes,
    sequences,
    tokens,
    packed: packed ?? false,
    checkpointing: input.checkpointing,
    extra_forwards: forwards,
    adapted: 1,
  });
  const { strategy, count: processes } = input.processes ?? { strategy: 'alone', count: 1 };
  const sending = (passes: number): Sending => ({
    ...{ strategy, processes, passes, parameters: facts.parameters, trained: input.trained },
    waiting: input.reference ?? 0,
    gradient_bytes: mode === 'full' ? weight_bytes : 4,
    bandwidth: 1e9 * (accelerator?.link_gb_s ?? 1),
  });
  const seconds = (of: typeof forwardSeconds, batches: Batches): number => {
    const decoder = batch(batches);
    if (!input.pictures) return of(decoder, on);
    const tower = facts.tower ? throughTower(facts.tower, decoder, input.pictures) : null;
    return preparingSeconds(decoder, input.pictures) + of(decoder, on) + (tower ? of(tower, on) : 0);
  };
  const trainingBatch = seconds(microBatchSeconds, training);
  const evaluationBatch = seconds(forwardSeconds, evaluation);
  // What is sharded is also updated in parts.
  const optimizer = optimizerSeconds(facts, mode, on) / (strategy === 'fsdp2' ? processes : 1);
  const computing = training.count * trainingBatch + input.total_steps * optimizer;
  const communicating =
    training.count * addedToBatch(trainingBatch, sending(2 + forwards)) +
    input.total_steps * addedToStep(trainingBatch, sending(0));
  // Of the training; links differ most.
  const sent = communicating / Math.max(1e-9, computing + communicating);
  const { stopping, ...fixed } = fixedSeconds({
    ...input,
    shape: facts,
    sharded: strategy === 'fsdp2',
    reference: (input.reference ?? 0) > 0,
    adapter: facts.adapter !== null,
  });
  const parts = {
    ...fixed,
    setup: fixed.setup + (input.vllm ? VLLM_STARTUP_SECONDS : 0),
    training: computing + communicating,
    generation: input.generation.reduce((sum, { rounds, sequences, prompt, tokens }) => {
      const context = prompt + tokens / 2;
      const generation = { shape: facts, mode, weight_bytes, sequences, context };
      const token = input.vllm ? vllmDecodingSeconds(generation, on) : decodingSeconds(generation, on);
      return sum + rounds * tokens * token;
    }, 0),
    // No gradient is sent.
    evaluation:
      evaluation.count * (evaluationBatch + addedToBatch(evaluationBatch, { ...sending(1 + forwards), trained: 0 })),
  };
  const running = parts.training + parts.generation + parts.evaluation;
  const around = parts.setup + parts.checkpoints + parts.saving;
  // Independent errors: the larger of them rules, in the exponent.
  const off = Math.exp(
    Math.hypot(
      Math.log(accelerator?.uncertainty ?? UNCERTAINTY.cpu),
      Math.log(input.tokens_uncertainty),
      facts.layout.experts ? Math.log(UNCERTAINTY.experts) : 0,
      Math.log({ all: 1, counted: UNCERTAINTY.counted_layers, unknown: UNKNOWN_LAYERS }[timed(facts.layout.mixers)]),
      processes > 1 ? Math.log(UNCERTAINTY.several) + sent * Math.log(UNCERTAINTY.links) : 0,
    ),
  );
  return {
    seconds: running + around,
    range: [running / off + around / UNCERTAINTY.fixed, running * off + around * UNCERTAINTY.fixed],
    parts,
    stopping,
  };
}

/**
 * When a job is stopped: twice the estimate or the end of its range, whichever is later, and a quarter of an hour;
 * in steps of five minutes. An estimate is not a promise.
 */
export function timeoutFor({ seconds, range }: Pick<JobTime, 'seconds' | 'range'>): number {
  return Math.ceil((Math.max(2 * seconds, range[1]) + 900) / 300) * 300;
}

/**
 * Of a timeout, what the script keeps for saving and uploading: `deadline_margin` of training/safety.py,
 * held to the same cases by the tests of both (test/support/deadline-margins.json).
 */
export function stoppingSeconds(timeout: number, saving: number): number {
  const tenth = Math.min(Math.max(60, 0.1 * timeout), 900);
  return Math.min(Math.max(tenth, 1.5 * saving), 0.5 * timeout);
}
