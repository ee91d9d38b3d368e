import type { Recipe } from '../plan/schema.ts';
import type { ModelFacts } from './model-facts.ts';

const GIB = 2 ** 30;

/**
 * CUDA context, cuBLAS and cuDNN workspaces: about 0.5-0.9 GiB on the cards that Jobs has, as nvidia-smi
 * shows for a process that holds one small tensor.
 */
const FRAMEWORK_GIB = 0.8;
/** Allocated against reserved by PyTorch's caching allocator: published runs differ by 10-25%. */
const FRAGMENTATION = 0.12;
/** TRL 1.16 computes the loss over tiles of 4096 tokens x 32768 vocabulary entries (trl/kernels/chunked_logprob.py). */
const LOSS_TILE = { tokens: 4096, vocabulary: 32_768 };

export interface MemoryInput {
  facts: ModelFacts;
  mode: Recipe['mode'];
  /** Bytes of one base weight: 4 for fp32, 2 for bf16 and fp16, 0.55 for 4-bit NF4 with its scales. */
  weight_bytes: number;
  lora_rank: number;
  per_device_train_batch_size: number;
  max_length: number;
  /** Sequences that a row of the batch holds: 2 where it is a pair. */
  sequences?: number;
  /** A frozen copy of the model beside the trained one; LoRA needs none. */
  reference?: boolean;
  /** Sequences of `max_length` that are generated side by side. */
  generated?: number;
}

/** GiB by part; the peak is their sum. */
export type MemoryParts = Record<
  'weights' | 'gradients' | 'optimizer' | 'activations' | 'loss' | 'framework' | 'fragmentation',
  number
>;

/**
 * Peak memory of one accelerator with gradient checkpointing, sdpa attention and AdamW in fp32.
 * Weights, gradients and optimizer follow from the parameter count (Rajbhandari et al. 2020, ZeRO, section 3);
 * with checkpointing the activations are one residual stream a layer plus the inside of one layer
 * (Korthikanti et al. 2022, "Reducing Activation Recomputation", section 4).
 */
export function trainingMemory(input: MemoryInput): MemoryParts {
  const { facts, mode, weight_bytes, lora_rank, per_device_train_batch_size: batch, max_length } = input;
  const tokens = batch * max_length * (input.sequences ?? 1);
  const trained = mode === 'full' ? facts.parameters : loraParameters(facts, lora_rank);
  const { hidden_size, query_size, key_value_size, intermediate_size, vocab_size, layers } = facts;

  const base = facts.parameters * weight_bytes * (input.reference && mode === 'full' ? 2 : 1);
  const adapters = mode === 'full' ? 0 : trained * 4;
  // The residual stream is fp32 where the weights are, else 2 bytes.
  const residual = tokens * hidden_size * (weight_bytes === 4 ? 4 : 2);
  // Kept inside the layer that is being recomputed, in 16 bits: norms, q, k, v, attention's output, gate, up,
  // their product and its input; as much again while their gradients are made.
  const inside = 2 * tokens * 2 * (4 * hidden_size + 2 * query_size + 2 * key_value_size + 4 * intermediate_size);
  // LoRA keeps the adapters' inputs in fp32 (peft casts them) for the layer being recomputed.
  const loraInside = mode === 'full' ? 0 : tokens * 4 * (2 * hidden_size + intermediate_size);
  const tile = Math.min(tokens, LOSS_TILE.tokens) * Math.min(vocab_size, LOSS_TILE.vocabulary);
  // One tile in 16 bits, its fp32 copy while it is folded, the hidden states' fp32 gradient; the output layer's
  // fp32 gradient and its sum into .grad where it is trained.
  const loss = tile * (2 + 4) + tokens * hidden_size * 8 + (mode === 'full' ? 2 * 4 * vocab_size * hidden_size : 0);

  // Answers are generated before a step trains on them: the keys and values of their tokens in every layer.
  const cache = (input.generated ?? 0) * max_length * layers * 2 * key_value_size * weight_bytes;

  const bytes = {
    weights: base + adapters,
    gradients: trained * 4,
    optimizer: trained * 8,
    activations: Math.max(layers * residual + inside + loraInside, cache),
    loss,
  };
  const sum = Object.values(bytes).reduce((total, part) => total + part, 0);
  return {
    weights: bytes.weights / GIB,
    gradients: bytes.gradients / GIB,
    optimizer: bytes.optimizer / GIB,
    activations: bytes.activations / GIB,
    loss: bytes.loss / GIB,
    framework: FRAMEWORK_GIB,
    fragmentation: (FRAGMENTATION * (sum - bytes.weights)) / GIB,
  };
}

export const totalGib = (parts: MemoryParts): number => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** Trained parameters of LoRA on all linear layers: r x (inputs + outputs) for each. */
export function loraParameters(facts: ModelFacts, rank: number): number {
  const { hidden_size: h, query_size: q, key_value_size: kv, intermediate_size: m, layers } = facts;
  return layers * rank * (h + q + 2 * (h + kv) + (q + h) + 3 * (h + m));
}

/** RAM that loading takes: the weights pass through it once before they reach the accelerator. */
export function loadingRamGib(facts: ModelFacts, weight_bytes: number): number {
  return (facts.parameters * weight_bytes) / GIB + 4;
}

/** Disk: Python packages, the download, the saved model, and two checkpoints with their optimizer state. */
export function diskGib(facts: ModelFacts, mode: Recipe['mode'], lora_rank: number): number {
  const trained = mode === 'full' ? facts.parameters : loraParameters(facts, lora_rank);
  return 12 + (facts.parameters * 2 + trained * 4 + 2 * trained * 12) / GIB;
}
