import { generation, phases, type Step } from './memory/phases.ts';
import { loraParameters, type Mode, states } from './memory/states.ts';
import type { ModelFacts } from './model-facts.ts';

const GIB = 2 ** 30;

/** CUDA context and libraries, outside of what PyTorch counts: 0.4-0.6 GiB as nvidia-smi shows on today's cards. */
const CONTEXT_GIB = 0.6;
/** cuBLAS workspaces, which PyTorch counts: 32 MiB on Hopper, 8 on others, for each of a few handles. */
const WORKSPACE_GIB = 0.1;
/** What the caching allocator holds beyond what lives, as a share of what comes and goes in a step. */
const FRAGMENTATION = 0.1;

export interface MemoryInput {
  facts: ModelFacts;
  mode: Mode;
  /** Bytes of one base weight: 4 for fp32, 2 for bf16 and fp16. Beside 4-bit weights, of those that stay as they are. */
  weight_bytes: number;
  lora_rank: number;
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
  /** How AdamW is computed; the default is TRL's. */
  optimizer?: 'fused' | 'foreach';
  /** A frozen copy of the model beside the trained one; LoRA needs none. */
  reference?: boolean;
  /** Sequences of `max_length` that are generated side by side. */
  generated?: number;
}

/** GiB by part, at the fullest moment of a step; the peak is their sum. */
export type MemoryParts = Record<
  'weights' | 'gradients' | 'optimizer' | 'adapters' | 'casts' | 'activations' | 'loss' | 'framework' | 'fragmentation',
  number
>;

/** What of the input the phases depend on. */
export function trainingStep(input: MemoryInput): Step {
  const { facts, mode, weight_bytes, lora_rank, per_device_train_batch_size, max_length } = input;
  const sequences = per_device_train_batch_size * (input.sequences ?? 1);
  return {
    facts,
    mode,
    states: states(facts, mode, weight_bytes, lora_rank),
    batch: { sequences, length: max_length, padded: input.padded ?? sequences > 1 },
    checkpointing: input.gradient_checkpointing ?? true,
    accumulated: (input.gradient_accumulation_steps ?? 2) > 1,
    optimizer: input.optimizer ?? 'fused',
    compute: input.compute ?? 'mixed',
  };
}

/**
 * Peak memory of one accelerator, AdamW in the dtype of what is trained, sdpa attention. What stays follows from the
 * parameter count (Rajbhandari et al. 2020, ZeRO, section 3), what comes and goes from the phases of a step.
 */
export function trainingMemory(input: MemoryInput): MemoryParts {
  const { facts, mode, weight_bytes, max_length } = input;
  const step = trainingStep(input);
  const kept = step.states;
  const all = phases(step);
  if (input.generated) all.push(generation(facts, input.generated, max_length, weight_bytes));
  const size = ({ gradients, casts, activations, loss }: (typeof all)[number]): number =>
    gradients + casts + activations + loss;
  const fullest = all.reduce((most, phase) => (size(phase) > size(most) ? phase : most));
  const copies = input.reference && mode === 'full' ? 2 : 1;
  return {
    weights: (kept.base * copies) / GIB,
    gradients: fullest.gradients / GIB,
    optimizer: kept.optimizer / GIB,
    adapters: kept.adapters / GIB,
    casts: fullest.casts / GIB,
    activations: fullest.activations / GIB,
    loss: fullest.loss / GIB,
    framework: CONTEXT_GIB + WORKSPACE_GIB,
    fragmentation: (FRAGMENTATION * size(fullest)) / GIB,
  };
}

export const totalGib = (parts: MemoryParts): number => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** What PyTorch counts as allocated of it, GiB. */
export const allocatedGib = (parts: MemoryParts, workspace = WORKSPACE_GIB): number =>
  totalGib(parts) - parts.fragmentation - parts.framework + workspace;

/** What PyTorch reserves for it, GiB: without the CUDA context. */
export const reservedGib = (parts: MemoryParts): number => totalGib(parts) - CONTEXT_GIB;

/** RAM that loading takes: the weights pass through it once before they reach the accelerator. */
export function loadingRamGib(facts: ModelFacts, weight_bytes: number): number {
  return (facts.parameters * weight_bytes) / GIB + 4;
}

/** Disk: Python packages, the download, the saved model, and two checkpoints with their optimizer state. */
export function diskGib(facts: ModelFacts, mode: Mode, lora_rank: number): number {
  const trained = mode === 'full' ? facts.parameters : loraParameters(facts, lora_rank);
  return 12 + (facts.parameters * 2 + trained * 4 + 2 * trained * 12) / GIB;
}
