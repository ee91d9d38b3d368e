import { towerAdapters } from '../model-facts/vision-tower.ts';
import type { ModelFacts } from '../model-facts.ts';
import type { Optimizer } from './optimizer.ts';

export type Mode = 'full' | 'lora' | 'qlora';

/** NF4 with double quantization: half a byte a weight, and 8.127 bits for each 64 (Dettmers et al. 2023, section 3). */
const NF4_BYTES = 0.5 + 8.127 / 8 / 64;

/** Parameters of the parts that are treated differently: as counted in its weights, else as its shape makes them. */
export function parameterParts(facts: ModelFacts) {
  const { hidden_size: h, layers, layout, parts } = facts;
  if (parts) {
    const embeddings = parts.embeddings + parts.output;
    return { embeddings, experts: parts.experts, linear: facts.parameters - embeddings - parts.experts };
  }
  const embeddings = (layout.tied_embeddings ? 1 : 2) * facts.vocab_size * h;
  const experts = layout.experts ? layers * layout.experts.count * 3 * h * layout.experts.intermediate_size : 0;
  return { embeddings, experts, linear: Math.max(0, facts.parameters - embeddings - experts) };
}

/** Of tables beside the embeddings of the vocabulary: of positions, or of each layer (Gemma 3n and 4). */
export const furtherEmbeddings = ({ parts, vocab_size, hidden_size }: ModelFacts): number =>
  Math.max(0, (parts?.embeddings ?? 0) - vocab_size * hidden_size);

/**
 * Trained parameters of LoRA on all linear layers: r x (inputs + outputs) for each, by the weights where they were read,
 * else by the shape. peft gives each expert adapters too, of twice the rank where gate and up are one matrix; or none, and
 * adapts the expert that all tokens pass, and its gate.
 */
export function loraParameters(facts: ModelFacts, rank: number): number {
  if (facts.adapted_width !== undefined) return rank * facts.adapted_width;
  const { hidden_size: h, query_size: q, key_value_size: kv, intermediate_size: m, layers, layout } = facts;
  const tower = facts.tower ? towerAdapters(facts.tower, rank) : 0;
  const attention = layout.fused.attention ? h + q + 2 * kv + (q + h) : h + q + 2 * (h + kv) + (q + h);
  const mlp = layout.fused.mlp ? h + 2 * m + (m + h) : 3 * (h + m);
  if (!layout.experts) return tower + layers * rank * (attention + mlp);
  const { count, intermediate_size: expert, adapted, shared } = layout.experts;
  if (!adapted) return tower + layers * rank * (attention + (shared ? 3 * (h + shared) + h + 1 : 0));
  return tower + layers * rank * (attention + count * (2 * (h + 2 * expert) + expert + h));
}

/** Bytes that stay from step to step, and those of a whole set of gradients. */
export interface States {
  base: number;
  adapters: number;
  optimizer: number;
  gradients: number;
  /** Of one trained weight, its gradient, and each number that the optimizer keeps for it. */
  trained_bytes: number;
}

/**
 * What is trained is kept in the dtype it was loaded in, and so are its gradient and what the optimizer keeps. Adapters are fp32
 * (peft's autocast_adapter_dtype), beside 4-bit weights bf16 (TRL casts them).
 */
export function states(
  facts: ModelFacts,
  mode: Mode,
  weight_bytes: number,
  lora_rank: number,
  { kept }: Optimizer,
  adapter_bytes = mode === 'lora' ? 4 : 2,
): States {
  const trained_bytes = mode === 'full' ? weight_bytes : adapter_bytes;
  const trained = mode === 'full' ? facts.parameters : loraParameters(facts, lora_rank);
  const { embeddings, experts, linear } = parameterParts(facts);
  return {
    base: mode === 'qlora' ? linear * NF4_BYTES + (embeddings + experts) * 2 : facts.parameters * weight_bytes,
    adapters: mode === 'full' ? 0 : trained * trained_bytes,
    optimizer: kept * trained * trained_bytes,
    gradients: trained * trained_bytes,
    trained_bytes,
  };
}
