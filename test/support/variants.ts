import { BUILT_IN_REWARDS, type BuiltInReward, type Reward } from '../../scripts/plan/reward.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { everyExpression } from './every-expression.ts';
import { type PlanOverrides, samplePlan } from './plan.ts';

const HOSTILE = 'it\'s """a\\" #\n name\u202e\ud83d\ude00\u0000';

const file: PlanOverrides['dataset'] = {
  id: '/home/alice/data.jsonl',
  source: 'local',
  revision: null,
  fingerprint: 'f'.repeat(64),
  config: null,
  files: ['/home/alice/data.jsonl'],
  mapping: null,
  evaluation: null,
};
const folder: PlanOverrides['output'] = {
  repo_id: null,
  folder: '/home/alice/model',
  trackio: { project: 'model', run_name: 'model', space_id: null, private: true },
};
const lora: PlanOverrides['recipe'] = {
  mode: 'lora',
  lora: { r: 16, lora_alpha: 32, lora_dropout: 0, target_modules: 'all-linear' },
};
const here: PlanOverrides['model'] = { id: '/home/alice/base', source: 'local', revision: null };
const lent: PlanOverrides['recipe'] = { training_args: { chat_template_path: `alice/chat@${'a'.repeat(40)}` } };
const adapter = { adapter: { id: 'alice/adapter', source: 'hub' as const, revision: 'a'.repeat(40) } };
const builtin = (name: BuiltInReward): Reward => ({
  kind: 'builtin',
  name,
  column: 'answer',
  parameters: {},
  weight: 1,
});
const ownReward: Reward = {
  kind: 'file',
  file: 'mine.py',
  function: 'score',
  source: `def score(completions, **kwargs):\n    # Everybody is right: it is only here to be composed.\n    return [1.0 for _ in completions]\n`,
  sha256: 'e'.repeat(64),
  column: null,
  parameters: {},
  weight: 1,
};
/** A process for each GPU; `FSDP` shards the model over them. */
export const launchOf = (distributed_type: 'MULTI_GPU' | 'FSDP' | 'MULTI_CPU', processes: number): Plan['launch'] => ({
  processes,
  accelerate: {
    compute_environment: 'LOCAL_MACHINE',
    distributed_type,
    machine_rank: 0,
    num_machines: 1,
    num_processes: processes,
    mixed_precision: distributed_type === 'MULTI_GPU' ? 'bf16' : 'no',
    ...(distributed_type === 'MULTI_CPU' ? { use_cpu: true } : {}),
    ...(distributed_type === 'FSDP' ? { fsdp_config: SHARDING } : {}),
  },
});
const SHARDING = {
  fsdp_version: 2,
  fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
  fsdp_reshard_after_forward: true,
  fsdp_cpu_ram_efficient_loading: true,
  fsdp_state_dict_type: 'FULL_STATE_DICT',
  fsdp_activation_checkpointing: false,
  fsdp_offload_params: false,
};
const CASES: [name: string, overrides: PlanOverrides][] = [
  ['hub_full', {}],
  ['hub_lora', { recipe: lora }],
  [
    'hub_qlora',
    { recipe: { ...lora, mode: 'qlora', quantization: { load_in_4bit: true, bnb_4bit_quant_type: 'nf4' } } },
  ],
  ['adapter_lora', { model: adapter, recipe: lora }],
  ['adapter_full', { model: adapter }],
  ['local_file', { dataset: file, output: folder }],
  ['local_text', { model: here, dataset: { ...file, conversational: false, drop_invalid: true }, output: folder }],
  ['lent_full', { recipe: lent }],
  ['lent_lora', { model: here, dataset: file, recipe: { ...lora, ...lent }, output: folder }],
  ['local_pushed', { dataset: file, output: { folder: '/home/alice/model' } }],
  ['local_upload', { dataset: { ...file, upload: { repo_id: 'alice/data', private: true } } }],
  ['bucket', { output: { bucket: { id: 'alice/checkpoints', mount_path: '/checkpoints' } } }],
  ['prompt_completion', { dataset: { format: 'prompt-completion', conversational: false, mapping: null } }],
  ['conversational_prompt_completion', { dataset: { format: 'prompt-completion', drop_invalid: true, examples: 100 } }],
  ['mapped_hub', { dataset: { mapping: everyExpression, drop_invalid: true } }],
  ['mapped_local', { dataset: { ...file, mapping: everyExpression }, output: folder }],
  ['mapped_pairs', { method: 'kto', dataset: { format: 'preference', mapping: everyExpression } }],
  ['no_evaluation', { dataset: { evaluation: null } }],
  ['dpo_lora', { method: 'dpo', dataset: { format: 'preference', mapping: null }, recipe: lora }],
  ['dpo_text', { method: 'dpo', dataset: { ...file, format: 'preference', conversational: false }, output: folder }],
  ['kto_pairs', { method: 'kto', dataset: { ...file, format: 'preference' }, output: folder }],
  ['kto_lora', { method: 'kto', dataset: { format: 'unpaired-preference' }, recipe: lora }],
  ['reward_lora', { method: 'reward', dataset: { format: 'preference' }, recipe: lora }],
  ['reward_adapter', { method: 'reward', model: adapter, dataset: { format: 'preference' }, recipe: lora }],
  ['grpo', { method: 'grpo', dataset: { format: 'prompt-only', mapping: null }, reward: [builtin('length')] }],
  [
    'grpo_vllm',
    {
      method: 'grpo',
      dataset: { format: 'prompt-only', mapping: null },
      recipe: { ...lora, training_args: { use_vllm: true, vllm_max_model_length: -1, seed: 42 } },
      reward: [builtin('length')],
    },
  ],
  [
    'rloo_rewards',
    {
      method: 'rloo',
      dataset: { ...file, format: 'prompt-only', conversational: false },
      recipe: lora,
      reward: [...BUILT_IN_REWARDS.map(builtin), ownReward],
      output: folder,
    },
  ],
  ['vision_sft', { dataset: { vision: true, mapping: null }, recipe: lora }],
  [
    'vision_dpo',
    {
      method: 'dpo',
      model: adapter,
      dataset: { ...file, format: 'preference', vision: true },
      recipe: lora,
      output: folder,
    },
  ],
  [
    'vision_grpo',
    { method: 'grpo', dataset: { format: 'prompt-only', mapping: null, vision: true }, reward: [builtin('length')] },
  ],
  ['ddp_hub', { launch: launchOf('MULTI_GPU', 4), model: adapter, recipe: lora }],
  [
    'ddp_local',
    {
      launch: launchOf('MULTI_GPU', 2),
      method: 'reward',
      dataset: { ...file, format: 'preference', evaluation: { from: 'share', rows: 9 } },
      output: folder,
    },
  ],
  ['fsdp_hub', { launch: launchOf('FSDP', 8) }],
  [
    'fsdp_adapter',
    { launch: launchOf('FSDP', 2), method: 'dpo', model: adapter, dataset: { ...file, format: 'preference' } },
  ],
  [
    'hostile',
    {
      model: { id: HOSTILE },
      dataset: { id: HOSTILE, config: HOSTILE, mapping: { columns: [{ to: 'messages', from: HOSTILE }] } },
    },
  ],
];

/** A plan for every kind of script that the composer makes. */
export const variants = (): [name: string, plan: Plan][] =>
  CASES.map(([name, overrides]) => [name, samplePlan(overrides)]);
