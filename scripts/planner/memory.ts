import { asked, evaluation, generation } from './memory/forward-only.ts';
import { FUSED_ADAMW, type Optimizer } from './memory/optimizer.ts';
import { phases } from './memory/phases.ts';
import {
  type Processes,
  type ShardedPhase,
  shardedPhases,
  shardedReference,
  shardedStates,
} from './memory/sharding.ts';
import { type Mode, states } from './memory/states.ts';
import { type Phase, type Step, withoutOutputLayer } from './memory/step.ts';
import { withTower } from './memory/vision.ts';
import type { ModelFacts } from './model-facts.ts';

const GIB = 2 ** 30;

/**
 * CUDA context and libraries, outside of what PyTorch counts. The context alone is 0.3-0.4 GiB since kernels are loaded
 * as they are called, 426 MiB on an RTX 6000 Ada (pytorch/pytorch issues 107667 and 109888, unslothai/unsloth-zoo 1053);
 * the kernels of a step come on top.
 */
const CONTEXT_GIB = 0.6;
/** cuBLAS workspaces, which PyTorch counts: 32 MiB on Hopper, 8 on others, for each of a few handles. */
const WORKSPACE_GIB = 0.1;
/** Of each process that talks to others: buffers of NCCL's channels, 4 MiB for each neighbour and protocol (NCCL_BUFFSIZE). */
const NCCL_GIB = 0.5;
/**
 * What the caching allocator holds beyond what lives: a share of what comes and goes in a step, and what is left over of
 * its segments. Fitted to checkpointed steps of whole models that were taken through its rules (bench/memory/reserved.ts).
 */
const FRAGMENTATION = 0.13;
const SEGMENTS_GIB = 0.08;

export interface MemoryInput {
  facts: ModelFacts;
  mode: Mode;
  /** Bytes of one base weight: 4 for fp32, 2 for bf16 and fp16. Beside 4-bit weights, of those that stay as they are. */
  weight_bytes: number;
  lora_rank: number;
  /** Of one trained weight of the adapters; TRL's, if not said: 4, beside 4-bit weights 2. */
  adapter_bytes?: 2 | 4;
  per_device_train_batch_size: number;
  max_length: number;
  /** More than one (the default): gradients of earlier batches are there while a batch goes through. */
  gradient_accumulation_steps?: number;
  /** The default, as the recipes have it. */
  gradient_checkpointing?: boolean;
  /** Whether the rows of a batch differ in length; by default where there are two or more. */
  padded?: boolean;
  /** Sequences that a row of the batch holds: 2 where it is a pair. */
  sequences?: number;
  /** In 16 bits by autocast (the default), or in fp32 throughout, as on a CPU. */
  compute?: 'mixed' | 'fp32';
  /** TRL's default, if not said. */
  optimizer?: Optimizer;
  /** A frozen copy of the model beside the trained one; LoRA needs none. */
  reference?: boolean;
  /** Of a batch of rows held out; none, if not said. */
  evaluated?: { sequences: number; max_length: number; padded: boolean };
  /** Sequences of `max_length` that are generated side by side. */
  generated?: number;
  /** Tokens of a sequence that the loss scores, and of a generated one's answer; all of them, if not said. */
  scored?: number;
  /** Of the pictures of a sequence, in the vision tower. */
  picture_patches?: number;
  /** A sequence gets one score from a layer of its own, and no token does. */
  classifier?: boolean;
  /** More than one, on an accelerator each; one, if not said. */
  processes?: Processes;
}

/** GiB by part, at the fullest moment of a step; the peak is their sum. */
export type MemoryParts = Record<
  'weights' | 'gradients' | 'optimizer' | 'adapters' | 'casts' | 'activations' | 'loss' | 'framework' | 'fragmentation',
  number
> & {
  /** What vLLM holds beside the training. */
  vllm?: number;
  /** Between several processes: what FSDP2 gathers, and buffers that are sent. */
  communication?: number;
};

/** What of the input the phases depend on. */
export function trainingStep(input: MemoryInput): Step {
  const { mode, weight_bytes, lora_rank, adapter_bytes, per_device_train_batch_size, max_length } = input;
  const facts = input.classifier ? withoutOutputLayer(input.facts) : input.facts;
  const sequences = per_device_train_batch_size * (input.sequences ?? 1);
  const optimizer = input.optimizer ?? FUSED_ADAMW;
  return {
    facts,
    mode,
    states: states(facts, mode, weight_bytes, lora_rank, optimizer, adapter_bytes),
    batch: { sequences, length: max_length, padded: input.padded ?? sequences > 1 },
    scored: input.classifier ? null : Math.min(max_length, input.scored ?? max_length),
    picture_patches: input.picture_patches ?? 0,
    checkpointing: input.gradient_checkpointing ?? true,
    accumulated: (input.gradient_accumulation_steps ?? 2) > 1,
    optimizer,
    compute: input.compute ?? 'mixed',
  };
}

/**
 * Peak memory of one accelerator, sdpa attention. What stays follows from the
 * parameter count (Rajbhandari et al. 2020, ZeRO, section 3), what comes and goes from the phases of a step.
 */
export function trainingMemory(input: MemoryInput): MemoryParts {
  const { mode, max_length, processes } = input;
  const step = trainingStep(input);
  const sharded = processes?.sharded === true;
  const kept = sharded ? shardedStates(step.states, processes.count) : step.states;
  const all: MemoryPhase[] = sharded ? shardedPhases(step, processes) : withTower(step, phases(step));
  // Frozen: it stays as it was loaded.
  const copy = input.reference && mode === 'full' ? step.states.base / (sharded ? processes.count : 1) : 0;
  if (input.reference) all.push(...(sharded ? shardedReference(step, processes) : withTower(step, asked(step))));
  if (input.evaluated) {
    const { sequences, max_length: length, padded } = input.evaluated;
    const batch = { sequences: sequences * (input.sequences ?? 1), length, padded };
    const held_out = { ...step, batch, scored: step.scored === null ? null : Math.min(length, input.scored ?? length) };
    // FSDP2 casts nothing twice, and gathers no more than in training.
    const gathered = Math.max(...all.map(({ communication = 0 }) => communication));
    const whole = withTower(held_out, [evaluation(held_out)]);
    all.push(...(sharded ? whole.map((phase) => ({ ...phase, casts: 0, communication: gathered })) : whole));
  }
  if (input.generated) all.push(...generation(step, input.generated, input.scored ?? max_length));
  const fullest = all.reduce((most, phase) => (size(phase) > size(most) ? phase : most));
  const several = processes !== undefined && processes.count > 1;
  // DistributedDataParallel reduces gradients in buckets, which are a second set of them (torch's reducer.hpp; the
  // Trainer doesn't ask for gradient_as_bucket_view).
  const buckets = several && !sharded ? kept.gradients : 0;
  // Half of what FSDP2 holds are buffers that belong to streams of their own, which lend each other nothing.
  const idle = Math.max(...all.map(({ communication = 0 }) => communication)) - (fullest.communication ?? 0);
  return {
    weights: (kept.base + copy) / GIB,
    gradients: fullest.gradients / GIB,
    optimizer: kept.optimizer / GIB,
    adapters: kept.adapters / GIB,
    casts: fullest.casts / GIB,
    activations: fullest.activations / GIB,
    loss: fullest.loss / GIB,
    ...(several ? { communication: (buckets + (fullest.communication ?? 0)) / GIB } : {}),
    framework: CONTEXT_GIB + WORKSPACE_GIB + (several ? NCCL_GIB : 0),
    fragmentation: (FRAGMENTATION * size(fullest) + idle / 2) / GIB + SEGMENTS_GIB,
  };
}

type MemoryPhase = Phase & Partial<Pick<ShardedPhase, 'communication'>>;
const size = ({ gradients, casts, activations, loss, communication = 0 }: MemoryPhase): number =>
  gradients + casts + activations + loss + communication;

export const totalGib = (parts: MemoryParts): number => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** What PyTorch counts as allocated of it, GiB. */
export const allocatedGib = (parts: MemoryParts, workspace = WORKSPACE_GIB): number =>
  totalGib(parts) - parts.fragmentation - parts.framework + workspace;

/** What PyTorch reserves for it on one accelerator alone, GiB: without the CUDA context. */
export const reservedGib = (parts: MemoryParts): number => totalGib(parts) - CONTEXT_GIB;
