import type { ModelFacts } from '../model-facts.ts';
import table from './coefficients.json' with { type: 'json' };
import { type Mode, parameterParts } from './states.ts';

/** Elements by which one layer's memory grows, for one forward pass of the batch. */
export const FEATURES = [
  'hidden',
  'query',
  'key_value',
  'intermediate',
  'fused',
  'qk_norm',
  'sandwich_norm',
  'repeated',
  'mask',
  'scores',
  'scores_16_bits',
  'linear_attention',
  'dispatched',
  'experts',
  'weights',
] as const;
export type Feature = (typeof FEATURES)[number];
export type Features = Record<Feature, number>;
/** Bytes an element. */
export type Coefficients = Partial<Record<Feature, number>>;

/**
 * `kept`: from a layer's forward to its backward. Besides that, at the fullest moment of its forward (`forward`) and of
 * its backward (`inside`).
 */
type Moment = 'kept' | 'forward' | 'inside';
export type Fitted = Record<
  Mode,
  {
    checkpointed: { inside: Coefficients };
    plain: Record<Moment, Coefficients>;
    /** Without gradients nothing is kept. */
    unkept: { forward: Coefficients };
  }
>;

export interface Batch {
  sequences: number;
  length: number;
  /** Rows differ in length. */
  padded: boolean;
}

/** Whether the attention mask is a tensor: transformers leaves it to the kernel where it is simply causal. */
export const hasMask = ({ layout }: ModelFacts, { padded, length }: Batch): boolean =>
  padded || layout.attention !== 'sdpa' || (layout.sliding_window !== null && length >= layout.sliding_window);

/** `trained`: of all weights, in fp32 or 16 bits; null where adapters are. */
export function layerFeatures(facts: ModelFacts, batch: Batch, trained: 'fp32' | '16 bits' | null): Features {
  const { hidden_size: h, query_size: q, key_value_size: kv, layout } = facts;
  const tokens = batch.sequences * batch.length;
  const masked = hasMask(facts, batch);
  const square = batch.sequences * batch.length ** 2;
  const { experts } = layout;
  return cautious(layout.recorded, {
    hidden: tokens * h * (layout.streams ?? 1),
    query: tokens * q,
    key_value: tokens * kv,
    intermediate: tokens * passedWidth(facts),
    fused: layout.fused.mlp ? tokens * facts.intermediate_size : 0,
    qk_norm: layout.qk_norm ? tokens * (q + kv) : 0,
    sandwich_norm: layout.sandwich_norm ? tokens * h : 0,
    // Keys and values are repeated for each query head where there is a mask (use_gqa_in_sdpa).
    repeated: masked && layout.attention === 'sdpa' ? 2 * tokens * (q - kv) : 0,
    mask: masked ? square : 0,
    scores: layout.attention === 'eager' ? square * layout.attention_heads : 0,
    scores_16_bits: layout.attention === 'eager_16_bits' ? square * layout.attention_heads : 0,
    linear_attention: layout.linear_attention ? tokens * h : 0,
    dispatched: experts ? tokens * experts.per_token * h : 0,
    // peft adds an adapter to all experts' weights at once, as a tensor of their size.
    experts: experts?.adapted && trained === null ? 3 * experts.count * experts.intermediate_size * h : 0,
    weights: trained === 'fp32' ? castWeights(facts) : 0,
  });
}

/** Of the MLP or the experts that a token passes, with the one that all pass. */
function passedWidth({ layout: { experts }, intermediate_size }: ModelFacts): number {
  return experts ? experts.per_token * experts.intermediate_size + (experts.shared ?? 0) : intermediate_size;
}

/**
 * What layers that nobody recorded hold beyond what their sizes tell: of 30 such families the most were 1.3, DeepSeek's
 * and Granite 4's.
 */
const UNRECORDED = 1.3;
const cautious = (recorded: boolean, features: Features): Features =>
  recorded ? features : (Object.fromEntries(FEATURES.map((name) => [name, UNRECORDED * features[name]])) as Features);

/** Parameters of one layer. What is beside them isn't theirs: Gemma 3n and 4 have embeddings for each of them. */
export function layerWeights(facts: ModelFacts): number {
  const { parts, layers } = facts;
  if (parts) return (parts.attention + parts.mlp + parts.experts + parts.router + parts.norms) / layers;
  const embeddings = (facts.layout.tied_embeddings ? 1 : 2) * facts.vocab_size * facts.hidden_size;
  return Math.max(0, facts.parameters - embeddings) / layers;
}

/** Those of them that autocast makes 16-bit copies of: the products of experts (grouped_mm) stay in fp32. */
export function castWeights(facts: ModelFacts): number {
  return Math.max(0, layerWeights(facts) - parameterParts(facts).experts / facts.layers);
}

export const bytesOf = (features: Features, coefficients: Coefficients): number =>
  FEATURES.reduce((sum, name) => sum + features[name] * (coefficients[name] ?? 0), 0);

export const FITTED = table.fitted as Fitted;
