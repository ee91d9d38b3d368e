import * as z from 'zod';
import type { StoredTensor } from '../../hub/safetensors.ts';
import { listedLayers } from './layer-types.ts';
import { partOf } from './parts.ts';

/** Sizes of a decoder, in elements. */
export interface ModelShape {
  hidden_size: number;
  layers: number;
  intermediate_size: number;
  /** Query heads x head dimension, and the same for keys (equal to values). */
  query_size: number;
  key_value_size: number;
  vocab_size: number;
}

const size = z.number().int().positive();
/** Far more than any model has. */
export const MOST_LAYERS = 10_000;
/** What can't be read counts as absent. */
const maybe = size.nullish().catch(null);
const Shape = z.object({
  hidden_size: maybe,
  num_hidden_layers: maybe,
  vocab_size: maybe,
  num_attention_heads: maybe,
  intermediate_size: maybe,
  num_key_value_heads: maybe,
  head_dim: maybe,
  max_position_embeddings: maybe,
});

export interface ReadShape {
  shape: ModelShape;
  heads: number;
  max_length: number | null;
  /** Fields that were told from the weights, or guessed: config.json and transformers' defaults lack them. */
  guessed: string[];
}

/** What keeps the sizes from being known: names that are nowhere, and values that no model has. */
export interface NoShape {
  lacks: string[];
  wrong: { name: string; value: unknown }[];
}

/** A usual head, where a configuration names no number of heads. */
const HEAD_SIZE = 64;
/** Sizes that every model has, and those that are told from them where there are none. */
const NEEDED = ['hidden_size', 'num_hidden_layers', 'vocab_size', 'num_attention_heads'] as const;
const OTHERS = ['intermediate_size', 'num_key_value_heads', 'head_dim'] as const;

/**
 * The sizes in a configuration; what it lacks is read off the tensors' shapes. NoShape where one can't be found in
 * either, or where the configuration has a value that transformers could make no model of.
 */
export function readShape(text: Record<string, unknown>, tensors: readonly StoredTensor[] | null): ReadShape | NoShape {
  const wrong = wrongSizes(text);
  if (wrong.length > 0) return { lacks: [], wrong };
  const config = Shape.parse(text);
  const stored = tensors ? storedShape(tensors) : null;
  const hidden_size = config.hidden_size ?? stored?.hidden_size ?? null;
  const listed = config.num_hidden_layers ?? listedLayers(text);
  const layers = listed ?? stored?.layers ?? null;
  const vocab_size = config.vocab_size ?? stored?.vocab_size ?? null;
  const heads = config.num_attention_heads ?? (stored && hidden_size ? Math.ceil(hidden_size / HEAD_SIZE) : null);
  if (!hidden_size || !layers || !vocab_size || !heads) {
    const found = { hidden_size, num_hidden_layers: layers, vocab_size, num_attention_heads: heads };
    const lacks = Object.entries(found).flatMap(([name, value]) => (value ? [] : [name]));
    return { lacks, wrong: [] };
  }
  const head = config.head_dim ?? Math.max(1, Math.floor(hidden_size / heads));
  return {
    shape: {
      hidden_size,
      layers,
      intermediate_size: config.intermediate_size ?? 4 * hidden_size,
      query_size: head * heads,
      key_value_size: head * (config.num_key_value_heads ?? heads),
      vocab_size,
    },
    heads,
    max_length: config.max_position_embeddings ?? null,
    guessed: NEEDED.filter((name) => !config[name] && !(name === 'num_hidden_layers' && listed)),
  };
}

/** Of the sizes that every model has, what is no size; of the others, which some models do without, what is negative. */
function wrongSizes(text: Record<string, unknown>): NoShape['wrong'] {
  const wrong = [
    ...NEEDED.filter((name) => {
      const limit = name === 'num_hidden_layers' ? size.max(MOST_LAYERS) : size;
      return text[name] != null && !limit.safeParse(text[name]).success;
    }),
    ...OTHERS.filter((name) => Number(text[name]) < 0),
  ];
  return wrong.map((name) => ({ name, value: text[name] }));
}

/** By the embeddings, vocabulary x hidden size, and the numbers in the layers' names. */
function storedShape(
  tensors: readonly StoredTensor[],
): Pick<ModelShape, 'hidden_size' | 'layers' | 'vocab_size'> | null {
  const tables = tensors.filter(({ name, shape }) => partOf(name) === 'embeddings' && shape.length === 2);
  const largest = tables.sort((a, b) => (b.shape[0] ?? 0) - (a.shape[0] ?? 0))[0];
  const numbers = tensors.flatMap(({ name }) => /\.(?:layers|h|blocks|block)\.(\d+)\./.exec(name)?.[1] ?? []);
  const [vocab_size, hidden_size] = largest?.shape ?? [];
  const layers = new Set(numbers).size;
  return vocab_size && hidden_size && layers > 0 ? { vocab_size, hidden_size, layers } : null;
}

/** Parameters of a dense decoder with a gated MLP, without biases and norms: within 1% for Llama, Qwen, Mistral. */
export function parametersFromShape(shape: ModelShape, tied: boolean): number {
  const attention = 2 * shape.hidden_size * (shape.query_size + shape.key_value_size);
  const mlp = 3 * shape.hidden_size * shape.intermediate_size;
  return shape.layers * (attention + mlp) + (tied ? 1 : 2) * shape.vocab_size * shape.hidden_size;
}
