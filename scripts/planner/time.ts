import type { Recipe } from '../plan/schema.ts';
import type { Accelerator } from './accelerator.ts';
import { fixedSeconds } from './fixed-time.ts';
import { decodingSeconds } from './generation-time.ts';
import type { ModelFacts } from './model-facts.ts';
import { accelerated, cpu, forwardSeconds, type MicroBatch, microBatchSeconds, optimizerSeconds } from './step-time.ts';

/** Batches that pass the model: sequences side by side, and tokens of each, padding included. */
interface Batches {
  count: number;
  sequences: number;
  tokens: number;
}

export interface TimeInput {
  facts: ModelFacts;
  mode: Recipe['mode'];
  /** Bytes of a base weight in memory. */
  weight_bytes: number;
  checkpointing: boolean;
  /** Parameters that are trained. */
  trained: number;
  total_steps: number;
  training: Batches;
  evaluation: Batches;
  /** Forward passes without gradients over each batch: of a reference model, for example. */
  forwards: number;
  /** Answers that are written before they are trained on: rounds, answers side by side, tokens of each; null for none. */
  generation: { rounds: number; sequences: number; prompt: number; tokens: number }[];
  /** Tokens of all rows, once. */
  data_tokens: number;
  /** How far the token counts may be off, a factor. */
  tokens_uncertainty: number;
  checkpoints: number;
  backend: 'hf' | 'local';
  /** null for a CPU. */
  accelerator: Accelerator | null;
  cpus: number;
}

/** Seconds from the job's start to its end, by what they are spent on, and between what they are likely to lie. */
export interface JobTime {
  seconds: number;
  range: [number, number];
  parts: Record<'setup' | 'training' | 'generation' | 'evaluation' | 'checkpoints' | 'saving', number>;
}

/** Of figures that no run has confirmed: cores differ, and so do networks and disks. */
const UNCERTAINTY = { cpu: 2, experts: 2, fixed: 1.5 };

export function jobTime(input: TimeInput): JobTime {
  const { facts, mode, weight_bytes, accelerator, training, evaluation, forwards } = input;
  const on = accelerator ? accelerated(accelerator) : cpu(input.cpus);
  const batch = ({ sequences, tokens }: Batches): MicroBatch => ({
    shape: facts,
    mode,
    weight_bytes,
    sequences,
    tokens,
    checkpointing: input.checkpointing,
    extra_forwards: forwards,
    adapted: 1,
  });
  const fixed = fixedSeconds({ ...input, shape: facts });
  const parts = {
    ...fixed,
    training:
      training.count * microBatchSeconds(batch(training), on) + input.total_steps * optimizerSeconds(facts, mode, on),
    generation: input.generation.reduce((sum, { rounds, sequences, prompt, tokens }) => {
      const context = prompt + tokens / 2;
      return sum + rounds * tokens * decodingSeconds({ shape: facts, mode, weight_bytes, sequences, context }, on);
    }, 0),
    evaluation: evaluation.count * forwardSeconds(batch(evaluation), on),
  };
  const running = parts.training + parts.generation + parts.evaluation;
  const around = parts.setup + parts.checkpoints + parts.saving;
  // Independent errors: the larger of them rules, in the exponent.
  const off = Math.exp(
    Math.hypot(
      Math.log(accelerator?.uncertainty ?? UNCERTAINTY.cpu),
      Math.log(input.tokens_uncertainty),
      facts.layout.experts ? Math.log(UNCERTAINTY.experts) : 0,
    ),
  );
  return {
    seconds: running + around,
    range: [running / off + around / UNCERTAINTY.fixed, running * off + around * UNCERTAINTY.fixed],
    parts,
  };
}

/**
 * When a job is stopped: twice the estimate or the end of its range, whichever is later, and a quarter of an hour;
 * in steps of five minutes. An estimate is not a promise.
 */
export function timeoutFor({ seconds, range }: Pick<JobTime, 'seconds' | 'range'>): number {
  return Math.ceil((Math.max(2 * seconds, range[1]) + 900) / 300) * 300;
}

/** Of a timeout, what the script keeps for saving and uploading: `deadline_margin` of training/safety.py. */
export function stoppingSeconds(timeout: number, saving: number): number {
  const tenth = Math.min(Math.max(60, 0.1 * timeout), 900);
  return Math.min(Math.max(tenth, 1.5 * saving), 0.5 * timeout);
}
