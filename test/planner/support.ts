import type { Flavor } from '../../scripts/plan/flavor.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import type { Candidate, SearchInput } from '../../scripts/planner/search/candidate.ts';
import { candidateFor, targetOf } from '../../scripts/planner/search.ts';
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

/** Of the snapshot. */
export function flavorNamed(name: string): Flavor {
  const flavor = SNAPSHOT.flavors.find((one) => one.name === name);
  if (!flavor) throw new Error(`no flavor ${name}`);
  return flavor;
}

export const searchInput = (overrides: Partial<SearchInput> = {}): SearchInput => ({
  work: work(),
  modes: ['full', 'lora'],
  backend: 'hf',
  max_length: 1024,
  epochs: 1,
  timeout_seconds: null,
  ...overrides,
});

/** What is planned on one flavor; null where it doesn't fit. */
export const candidateOn = (name: string, overrides: Partial<SearchInput> = {}): Candidate | null =>
  candidateFor(searchInput(overrides), flavorNamed(name), targetOf(flavorNamed(name)));
