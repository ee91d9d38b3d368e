import type { Recipe } from '../plan/schema.ts';
import type { Accelerator } from './accelerator.ts';
import type { ModelFacts } from './model-facts.ts';

/**
 * Share of the accelerator's peak that a training step reaches. Published TRL and torchtune runs of this kind
 * (checkpointing, sdpa, short padded batches) lie between 0.15 and 0.45; small models stay below that.
 */
const EFFICIENCY = { large: 0.3, small: 0.15, small_below_parameters: 1e9 };
/** Of a CPU core in training, fp32: PyTorch's matrix products alone reached 0.026 on a shared cloud core. */
const CPU_TFLOPS_PER_CORE = 0.02;
/** Below this a step is bound by launching kernels and Python, not by arithmetic. */
const MIN_STEP_SECONDS = { accelerator: 0.15, cpu: 0.12 };
/** A token generated for a whole batch: transformers' `generate` is bound by launching kernels, about 30 a second. */
const DECODING_SECONDS = { accelerator: 0.035, cpu: 0.02 };
/** Download from and upload to the Hub, bytes a second: a cautious figure for a datacenter. */
const TRANSFER_BYTES_PER_SECOND = 80e6;
/** Image, uv's install of torch and TRL, imports; on this machine the environment is there already. */
const STARTUP_SECONDS = { hf: 180, local: 20 };

export interface TimeInput {
  facts: ModelFacts;
  mode: Recipe['mode'];
  /** Tokens that pass the model in all epochs, padding included. */
  tokens: number;
  /** Tokens of the evaluations, forward only. */
  eval_tokens: number;
  total_steps: number;
  gradient_accumulation_steps: number;
  /** Tokens that are generated one after the other, each for a whole batch. */
  decoded_tokens?: number;
  backend: 'hf' | 'local';
  /** null for a CPU. */
  accelerator: Accelerator | null;
  cpus: number;
}

/** Seconds from the job's start to its end. */
export function jobSeconds(input: TimeInput): number {
  const { facts, mode, accelerator } = input;
  // Per token and parameter: 2 forward, 2 for the recomputation of checkpointing, 2 for the gradients of the
  // activations, 2 for those of the weights, which LoRA hardly needs (Kaplan et al. 2020, section 2.1).
  const flops = facts.parameters * ((mode === 'full' ? 8 : 6) * input.tokens + 2 * input.eval_tokens);
  const efficiency = facts.parameters < EFFICIENCY.small_below_parameters ? EFFICIENCY.small : EFFICIENCY.large;
  const speed = 1e12 * (accelerator ? accelerator.tflops * efficiency : input.cpus * CPU_TFLOPS_PER_CORE);
  const floor = accelerator ? MIN_STEP_SECONDS.accelerator : MIN_STEP_SECONDS.cpu;
  const training = Math.max(flops / speed, input.total_steps * input.gradient_accumulation_steps * floor);
  const decoding = (input.decoded_tokens ?? 0) * (accelerator ? DECODING_SECONDS.accelerator : DECODING_SECONDS.cpu);
  const transfers =
    input.backend === 'hf' ? (facts.parameters * (mode === 'full' ? 6 : 2)) / TRANSFER_BYTES_PER_SECOND : 0;
  return STARTUP_SECONDS[input.backend] + transfers + training + decoding;
}

/** Twice the estimate and a quarter of an hour, in steps of five minutes: an estimate is not a promise. */
export function timeoutFor(seconds: number): number {
  return Math.ceil((2 * seconds + 900) / 300) * 300;
}
