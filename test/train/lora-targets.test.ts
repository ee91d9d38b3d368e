import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loraParameters } from '../../scripts/planner/memory/states.ts';
import adapted from '../../scripts/planner/model-facts/adapted-experts.json' with { type: 'json' };
import { adaptedModules } from '../../scripts/planner/model-facts/adapted-modules.ts';
import { readLayout } from '../../scripts/planner/model-facts/layout.ts';
import { QWEN3_06B } from '../planner/support.ts';
import { runTorch } from '../support/training.ts';

const LORA_TARGETS = fileURLToPath(new URL('python/lora_targets.py', import.meta.url));
const RANK = 4;

const TINY = {
  ...{ vocab_size: 96, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2, max_position_embeddings: 64 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 8 },
};
const MOE = { moe_intermediate_size: 16, num_experts_per_tok: 2 };
/** Experts as large as a dense MLP. */
const LARGE = { num_local_experts: 4, moe_intermediate_size: undefined };
const DEEPSEEK = {
  ...{ n_routed_experts: 4, n_shared_experts: 1, first_k_dense_replace: 0, n_group: 1, topk_group: 1 },
  ...{ kv_lora_rank: 16, q_lora_rank: 16, qk_nope_head_dim: 8, qk_rope_head_dim: 8, v_head_dim: 8 },
  num_key_value_heads: 4,
};
const LINEAR = { linear_num_key_heads: 2, linear_num_value_heads: 4, linear_key_head_dim: 8, linear_value_head_dim: 8 };
const STATES = { mamba_d_ssm: 32, mamba_n_heads: 4, mamba_d_head: 8, mamba_n_groups: 1, mamba_d_state: 8 };
const NEMOTRON = {
  ...{ layers_block_type: ['mamba', 'moe', 'attention', 'mlp'], num_hidden_layers: 4, n_routed_experts: 4 },
  ...{ mamba_num_heads: 4, mamba_head_dim: 8, n_groups: 1, ssm_state_size: 8 },
};

/** Whether the experts of each are trained, and whether what is trained is counted to the last parameter. */
const CASES: [type: string, architecture: string, config: object, experts: boolean, exact: boolean][] = [
  ['mixtral', 'MixtralForCausalLM', LARGE, true, true],
  ['qwen3_moe', 'Qwen3MoeForCausalLM', { num_experts: 4, mlp_only_layers: [] }, true, true],
  ['olmoe', 'OlmoeForCausalLM', { num_experts: 4, moe_intermediate_size: undefined }, true, true],
  [
    'glm4_moe',
    'Glm4MoeForCausalLM',
    { n_routed_experts: 4, first_k_dense_replace: 0, n_group: 1, topk_group: 1 },
    true,
    true,
  ],
  ['ernie4_5_moe', 'Ernie4_5_MoeForCausalLM', { moe_num_experts: 4, moe_k: 2, moe_layer_start_index: 0 }, true, true],
  ['deepseek_v3', 'DeepseekV3ForCausalLM', DEEPSEEK, true, false],
  [
    'qwen3_next',
    'Qwen3NextForCausalLM',
    { num_experts: 4, ...LINEAR, layer_types: ['linear_attention', 'full_attention'] },
    true,
    false,
  ],
  ['gpt_oss', 'GptOssForCausalLM', LARGE, false, true],
  ['granitemoe', 'GraniteMoeForCausalLM', LARGE, false, true],
  ['qwen2_moe', 'Qwen2MoeForCausalLM', { num_experts: 4, shared_expert_intermediate_size: 24 }, false, true],
  ['phimoe', 'PhimoeForCausalLM', LARGE, false, true],
  [
    'llama4_text',
    'Llama4ForCausalLM',
    { ...LARGE, num_experts_per_tok: 1, interleave_moe_layer_step: 1 },
    false,
    false,
  ],
  ['falcon_h1', 'FalconH1ForCausalLM', STATES, false, false],
  ['nemotron_h', 'NemotronHForCausalLM', NEMOTRON, false, false],
  ['mamba2', 'Mamba2ForCausalLM', { num_heads: 8, n_groups: 1, state_size: 8 }, false, false],
];

it('of experts peft trains what the planner says, no router, and what it refuses is not asked for', async () => {
  const models = CASES.map(([model_type, architecture, own, experts, exact]) => {
    const config = { ...TINY, ...MOE, ...own, model_type };
    const layout = readLayout(config, false);
    const facts = { ...QWEN3_06B, architecture, ...config, layout, layers: 2, query_size: 32, key_value_size: 16 };
    return { model_type, config, experts, exact, layout, facts, targets: adaptedModules(facts) };
  });
  // Of some a LoRA of all linear layers stops in its first step, or before.
  const refused = ['phimoe', 'llama4_text', 'falcon_h1', 'nemotron_h', 'mamba2'];
  const cases = [
    ...models.map(({ config, targets }) => [config, targets]),
    ...models.filter(({ model_type }) => refused.includes(model_type)).map(({ config }) => [config, 'all-linear']),
  ];
  const { log } = await runTorch([LORA_TARGETS, JSON.stringify(cases)]);
  const found = JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? `"${log.slice(-500)}"`);
  const types = found.types.filter((type: string) => !/_(text|thinker)$/.test(type));
  expect(types).toEqual(adapted.model_types);
  for (const [at, { model_type, experts, exact, layout, facts }] of models.entries()) {
    const parts = found.trained[at];
    expect(parts, model_type).toBeInstanceOf(Object);
    expect({ model_type, router: parts.router, experts: (parts.experts ?? 0) > 0 }).toEqual({ model_type, experts });
    expect(layout.experts?.adapted ?? false, model_type).toBe(experts);
    const all = Object.values<number>(parts).reduce((sum, one) => sum + one, 0);
    if (exact) expect({ model_type, all }).toEqual({ model_type, all: loraParameters(facts, RANK) });
  }
  for (const error of found.trained.slice(models.length))
    expect(error).toMatch(/'tuple' object has no|'out_proj' is incompatible/);
});
