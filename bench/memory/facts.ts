import { readLayout } from '../../scripts/planner/model-facts/layout.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';

export interface Shape {
  model_type: string;
  parameters: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim?: number | undefined;
  intermediate_size: number;
  vocab_size: number;
  tie_word_embeddings: boolean;
}

/** Model facts from what config.json says. */
export function factsFrom(id: string, shape: Shape): ModelFacts {
  const dimension = shape.head_dim ?? Math.floor(shape.hidden_size / shape.num_attention_heads);
  return {
    id,
    source: 'hub',
    revision: null,
    architecture: shape.model_type,
    parameters: shape.parameters,
    hidden_size: shape.hidden_size,
    layers: shape.num_hidden_layers,
    intermediate_size: shape.intermediate_size,
    query_size: dimension * shape.num_attention_heads,
    key_value_size: dimension * shape.num_key_value_heads,
    vocab_size: shape.vocab_size,
    layout: readLayout(shape, shape.tie_word_embeddings),
    max_length: null,
    has_chat_template: true,
    adapter: null,
    notes: [],
  };
}
