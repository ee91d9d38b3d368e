import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../scripts/plan/json.ts';
import type { Request } from '../../../scripts/plan/request.ts';
import { checkConflicts } from '../../../scripts/planner/overrides/conflicts.ts';
import type { Workload } from '../../../scripts/planner/workload.ts';
import { work } from '../support.ts';

type Set = Record<string, JsonValue>;
const check = (set: Set, overrides: Partial<Workload> = {}, request: Partial<Request> = {}) =>
  checkConflicts(work({ ...overrides, request: { model: 'm', dataset: 'd', ...request, set } }));

const LEAKS = { ...work().facts, architecture: 'GptOssForCausalLM' };
const PLAIN = { ...work().report, conversational: false };
const DEMO: [Partial<Workload>, Partial<Request>] = [{ eval_rows: 0 }, { examples: 100 }];

describe('arguments that are right one by one', () => {
  it.each<[Set, Partial<Workload>?, Partial<Request>?]>([
    [{}],
    [{ chat_template_path: 'Qwen/Qwen3-0.6B' }],
    [{ chat_template_path: `Qwen/Qwen3-0.6B@${'a'.repeat(40)}` }],
    [{ chat_template_path: null }],
    [{ packing: true }],
    [{ packing: true, packing_strategy: 'wrapped' }, { facts: LEAKS }],
    [{ packing: false }, { facts: LEAKS }],
    [{ lora_r: 8 }],
    [{ optim: 'adafactor' }],
    [{ optim: 'paged_adamw_8bit' }, {}, { lora: 'qlora' }],
    [{ assistant_only_loss: true }],
    [{ assistant_only_loss: false }, { report: PLAIN }],
    [{ eval_strategy: 'epoch' }],
    [{ eval_strategy: 'no' }, ...DEMO],
    [{ load_best_model_at_end: true }],
    [{ load_best_model_at_end: true, eval_steps: 5, save_steps: 10 }],
    [{ load_best_model_at_end: false }, ...DEMO],
    [{ lr_scheduler_type: 'cosine_with_min_lr', lr_scheduler_kwargs: { min_lr: 1e-6 } }],
    [{ lr_scheduler_type: 'reduce_lr_on_plateau' }],
    [{ use_vllm: true, vllm_max_model_length: 4096 }, { method: 'grpo' }],
    [{ dataloader_num_workers: 2, dataloader_prefetch_factor: 4 }],
    [{ label_smoothing_factor: 0 }],
    [{ label_smoothing_factor: 0.1 }, { method: 'dpo' }],
  ])('%j', (set, overrides, request) => expect(() => check(set, overrides, request)).not.toThrow());

  it.each<[Set, RegExp, Partial<Workload>?, Partial<Request>?]>([
    [{ label_smoothing_factor: 0.1 }, /logits of the whole vocabulary/],
    [{ chat_template_path: '/etc/passwd' }, /chat_template_path=\/etc\/passwd: expected a model on the Hub/],
    [{ chat_template_path: '../x' }, /expected a model on the Hub/],
    [{ chat_template_path: `x/..@${'a'.repeat(40)}` }, /expected a model on the Hub/],
    [{ chat_template_path: 'Qwen/Qwen3-0.6B@main' }, /expected a model on the Hub/],
    [{ packing: true }, /GptOssForCausalLM isn't known to keep packed rows apart/, { facts: LEAKS }],
    [{ lora_r: 8 }, /it is for an adapter/, {}, { lora: 'off' }],
    [{ optim: 'adamw_8bit' }, /optim=adamw_8bit: it needs packages/],
    [{ optim: 'galore_adamw' }, /it needs packages/, {}, { lora: 'qlora' }],
    [{ assistant_only_loss: true }, /these rows are plain text/, { report: PLAIN }],
    [{ eval_strategy: 'steps' }, /eval_strategy=steps: .*no rows are held out for that: of a demo/, ...DEMO],
    [{ eval_strategy: 'steps' }, /too few rows/, { eval_rows: 0 }],
    [{ eval_on_start: true }, /no rows are held out/, ...DEMO],
    [{ load_best_model_at_end: true }, /no rows are held out/, ...DEMO],
    [{ lr_scheduler_type: 'reduce_lr_on_plateau' }, /no rows are held out/, ...DEMO],
    [{ lr_scheduler_type: 'greedy', eval_strategy: 'no' }, /eval_strategy is no/],
    [{ load_best_model_at_end: true, eval_strategy: 'no' }, /eval_strategy is no/],
    [{ load_best_model_at_end: true, eval_strategy: 'epoch' }, /leave eval_strategy out/],
    [{ load_best_model_at_end: true, eval_steps: 10, save_steps: 15 }, /multiple of eval_steps/],
    [{ load_best_model_at_end: true, save_steps: 15 }, /give both or neither \(save_steps=15\)/],
    [{ lr_scheduler_type: 'cosine_with_min_lr' }, /lr_scheduler_kwargs='\{"min_lr": \.\.\.\}'/],
    [{ lr_scheduler_type: 'warmup_stable_decay', lr_scheduler_kwargs: { x: 1 } }, /num_decay_steps/],
    [{ dataloader_prefetch_factor: 4 }, /dataloader_num_workers above 0/],
    [{ vllm_max_model_length: 4096 }, /it is for vLLM, .*use_vllm=true/, { method: 'grpo' }],
    [{ use_vllm: false, vllm_enable_sleep_mode: true }, /it is for vLLM/, { method: 'grpo' }],
    [{ dataloader_persistent_workers: true }, /dataloader_num_workers above 0/],
  ])('refuses %j', (set, message, overrides, request) =>
    expect(() => check(set, overrides, request)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), code: 'bad_argument', exitCode: 2 }),
    ),
  );
});
