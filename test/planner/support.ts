import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import type { Workload } from '../../scripts/planner/workload.ts';

/** Real shapes, from the models' config.json. */
export const QWEN3_06B: ModelFacts = {
  id: 'Qwen/Qwen3-0.6B',
  source: 'hub',
  revision: 'c1899de289a04d12100db370d81485cdf75e47ca',
  architecture: 'Qwen3ForCausalLM',
  parameters: 596_049_920,
  hidden_size: 1024,
  layers: 28,
  intermediate_size: 3072,
  query_size: 2048,
  key_value_size: 1024,
  vocab_size: 151_936,
  layout: {
    recorded: true,
    tied_embeddings: true,
    attention_heads: 16,
    qk_norm: true,
    sandwich_norm: false,
    linear_attention: false,
    attention: 'sdpa',
    sliding_window: null,
    fused: { attention: false, mlp: false },
    experts: null,
  },
  max_length: 40_960,
  has_chat_template: true,
  adapter: null,
  notes: [],
};

export const QWEN3_8B: ModelFacts = {
  ...QWEN3_06B,
  id: 'Qwen/Qwen3-8B',
  parameters: 8_190_735_360,
  hidden_size: 4096,
  layers: 36,
  intermediate_size: 12_288,
  query_size: 4096,
  key_value_size: 1024,
  layout: { ...QWEN3_06B.layout, tied_embeddings: false, attention_heads: 32 },
};

export const LLAMA_70B: ModelFacts = {
  ...QWEN3_06B,
  id: 'meta-llama/Llama-3.3-70B-Instruct',
  parameters: 70_553_706_496,
  hidden_size: 8192,
  layers: 80,
  intermediate_size: 28_672,
  query_size: 8192,
  key_value_size: 1024,
  vocab_size: 128_256,
  layout: { ...QWEN3_06B.layout, tied_embeddings: false, attention_heads: 64, qk_norm: false },
};

export function work(overrides: Partial<Workload> = {}): Workload {
  return {
    method: 'sft',
    facts: QWEN3_06B,
    report: { verdict: 'READY', findings: [], invalid_rows: 0, format: 'language-modeling', conversational: true },
    tokens: { total: 500_000, mean: 500, p50: 450, p95: 900, max: 1000, estimated: true },
    rows: 950,
    eval_rows: 50,
    request: { model: 'Qwen/Qwen3-0.6B', dataset: 'x/y' },
    ...overrides,
  };
}
