import type { JsonValue } from '../../plan/json.ts';
import type { ModelFacts } from '../model-facts.ts';

/** What an optimizer keeps from step to step, and what it makes for a step. */
export interface Optimizer {
  /** Numbers kept for each trained weight, in its dtype. */
  kept: number;
  /** Copies of all trained weights that a step makes. */
  copies: number;
  /** Bytes for each element of the largest tensor that a step makes, beside weights in fp32 and in 16 bits. */
  largest?: { fp32: number; half: number };
}

/** TRL's default. */
export const FUSED_ADAMW: Optimizer = { kept: 2, copies: 0 };

/**
 * By transformers' names, as it makes them for a GPU, without weight decay. Counted under fake tensors with torch 2.13 and
 * transformers 5.23: the state after a step and what lives beyond it in the next.
 */
const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  adamw_torch_fused: FUSED_ADAMW,
  adamw_torch: { kept: 2, copies: 1 },
  sgd: { kept: 0, copies: 0 },
  rmsprop: { kept: 1, copies: 1 },
  adagrad: { kept: 1, copies: 2 },
  // Its second moments are a row and a column of each matrix; it goes through the weights one by one.
  adafactor: { kept: 0, copies: 0, largest: { fp32: 8, half: 16 } },
};

/** Decay is added to a copy of the gradients, one more or the same. */
const WITH_DECAY: Readonly<Record<string, number>> = { sgd: 1, rmsprop: 2 };

/**
 * Of bitsandbytes, which is there beside 4-bit weights: 32 bits are two for each 16-bit weight of an adapter; AdEMAMix
 * has a slow and a fast mean (bitsandbytes 0.50.2, optim/optimizer.py and ademamix.py, init_state). Those of 8 bits keep
 * less than AdamW, and count as that.
 */
const IN_32_BITS: [family: RegExp, kept: number][] = [
  [/^(paged_)?ademamix(_32bit)?$/, 6],
  [/^(paged_)?adamw_32bit$/, 4],
];

/** By TRL's arguments; what is not named here keeps no more than AdamW. */
export function optimizerOf(args: Readonly<Record<string, JsonValue>>): Optimizer {
  const name = String(args.optim ?? 'adamw_torch_fused');
  const wide = IN_32_BITS.find(([family]) => family.test(name));
  const plain = wide ? { kept: wide[1], copies: 0 } : (OPTIMIZERS[name] ?? FUSED_ADAMW);
  const copies = (args.weight_decay !== 0 && args.weight_decay !== undefined && WITH_DECAY[name]) || plain.copies;
  const more = name in WITH_DECAY ? String(args.optim_args ?? '').match(/\b(momentum|centered)=/g) : null;
  return { ...plain, copies, kept: plain.kept + (more?.length ?? 0) };
}

/** Bytes that a step takes beyond what is kept and beyond the gradients. `of`: the model whose weights are trained, or null for adapters. */
export function stepBytes(
  { copies, largest }: Optimizer,
  { of, gradients, trained_bytes }: { of: ModelFacts | null; gradients: number; trained_bytes: number },
): number {
  if (!largest) return copies * gradients;
  return of === null ? 0 : largest[trained_bytes === 4 ? 'fp32' : 'half'] * largestTensor(of);
}

/** Its elements: the embeddings, or gate and up of all experts of a layer. */
function largestTensor({ vocab_size, hidden_size, layout: { experts } }: ModelFacts): number {
  return Math.max(vocab_size * hidden_size, experts ? experts.count * 2 * experts.intermediate_size * hidden_size : 0);
}
