import { describe, expect, it } from 'vitest';
import { type Method, PLANNED } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { answerTokens, chooseMaxLength } from '../../scripts/planner/lengths.ts';
import { totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { parseOverrides } from '../../scripts/planner/overrides.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { batchesFor, heldOutRows } from '../../scripts/planner/steps.ts';
import args from '../../scripts/planner/trl-arguments.json' with { type: 'json' };
import { QWEN3_06B, work } from './support.ts';

const methodWork = (method: Method, { rows = 500, set = {} as Request['set'] } = {}) =>
  work({ method, rows, request: { model: 'm', dataset: 'd', set } });

const recipe = (method: Method, mode: 'full' | 'lora', options: Parameters<typeof methodWork>[1] = {}) => {
  const target = { kind: 'cuda' as const, bf16: true };
  const workload = methodWork(method, options);
  return batchesFor(workload).map((batch) =>
    buildRecipe(workload, { mode, target, batch, max_length: 1024, epochs: 1 }),
  );
};

describe.each(PLANNED)('%s', (method) => {
  it('passes only arguments that its config has', () => {
    const known = [...args.shared, ...args.methods[method]];
    for (const { training_args } of recipe(method, 'full'))
      expect(known).toEqual(expect.arrayContaining(Object.keys(training_args)));
  });

  it('gives LoRA ten times the learning rate', () => {
    const [full] = recipe(method, 'full');
    const [lora] = recipe(method, 'lora');
    expect(Number(lora?.training_args.learning_rate)).toBeCloseTo(10 * Number(full?.training_args.learning_rate), 10);
  });

  it('takes what --set says over its own', () => {
    expect(recipe(method, 'full', { set: { weight_decay: 0.1 } })[0]?.training_args).toMatchObject({
      weight_decay: 0.1,
    });
  });
});

describe.each(['grpo', 'rloo'] as const)('%s', (method) => {
  it.each([
    [{}],
    [{ num_generations: 6 }],
    [{ num_generations: 3, per_device_train_batch_size: 2 }],
    [{ num_generations: 16, gradient_accumulation_steps: 4 }],
    [{ num_generations_eval: 3 }],
  ])('a step holds all answers to its prompts: %j', (set) => {
    for (const rows of [1, 3, 50, 5000]) {
      for (const { training_args, total_steps } of recipe(method, 'full', { rows, set })) {
        const answers =
          Number(training_args.per_device_train_batch_size) * Number(training_args.gradient_accumulation_steps);
        expect(answers % Number(training_args.num_generations)).toBe(0);
        expect(Number(training_args.per_device_eval_batch_size) % Number(training_args.num_generations_eval)).toBe(0);
        if (Object.keys(set).length === 0)
          expect(answers / Number(training_args.num_generations)).toBeLessThanOrEqual(rows);
        expect(total_steps).toBeGreaterThan(0);
      }
    }
  });

  it('refuses steps that can hold no whole group', () => {
    const set = { num_generations: 5, per_device_train_batch_size: 4, gradient_accumulation_steps: 2 };
    expect(() => batchesFor(methodWork(method, { set }))).toThrow(
      expect.objectContaining({ code: 'batch_and_generations', exitCode: 2 }),
    );
  });

  it('leaves room for the answer within what the model reads, and knows no --max-length', () => {
    const small = { ...methodWork(method), facts: { ...QWEN3_06B, max_length: 1200 } };
    expect(chooseMaxLength(small).length).toBeLessThanOrEqual(1200);
    expect(answerTokens(small)).toBeGreaterThan(0);
    expect(answerTokens(methodWork(method, { set: { max_completion_length: 77 } }))).toBe(77);
    const asked = { ...methodWork(method), request: { model: 'm', dataset: 'd', maxLength: 512 } };
    expect(() => chooseMaxLength(asked)).toThrow(expect.objectContaining({ code: 'no_max_length', exitCode: 2 }));
  });

  it('holds out few prompts: each is answered', () => {
    expect(heldOutRows(10_000, method, { model: 'm', dataset: 'd' })).toBe(16);
  });
});

it('KTO has at least two rows in a batch', () => {
  expect(batchesFor(methodWork('kto')).every((batch) => batch >= 2)).toBe(true);
});

it('a pair is two sequences, a reference model a second set of weights, generation its cache', () => {
  const sft = {
    facts: QWEN3_06B,
    mode: 'full' as const,
    weight_bytes: 4,
    lora_rank: 32,
    per_device_train_batch_size: 4,
    max_length: 1024,
  };
  const gib = (more: object): number => totalGib(trainingMemory({ ...sft, ...more }));
  expect(gib({ sequences: 2 })).toBeGreaterThan(gib({}) + 0.5);
  expect(gib({ reference: true })).toBeCloseTo(gib({}) + (QWEN3_06B.parameters * 4) / 2 ** 30, 5);
  expect(gib({ reference: true, mode: 'lora' })).toBe(gib({ mode: 'lora' }));
  expect(gib({ generated: 256 })).toBeGreaterThan(gib({}) + 10);
});

describe('--set by method', () => {
  it.each<[Method, string, RegExp]>([
    ['dpo', 'packing=true', /for DPO; it is one of sft/],
    ['dpo', 'rpo_alpha=1', /removed/],
    ['dpo', 'max_prompt_length=9', /removed/],
    ['dpo', 'max_completion_length=9', /it is one of grpo, rloo/],
    ['sft', 'beta=0.1', /it is one of dpo, kto, grpo, rloo/],
    ['kto', 'per_device_train_batch_size=1', /at least 2/],
    ['grpo', 'num_generations=1', /at least 2/],
    ['grpo', 'max_length=9', /--max-length/],
    ['grpo', 'use_vllm=true', /generates with transformers/],
    ['grpo', 'log_completions_hub_repo=x', /what goes to the Hub/],
    ['grpo', 'steps_per_generation=2', /gradient_accumulation_steps/],
    ['rloo', 'reward_weights=[1]', /--reward/],
    ['reward', 'beta=1', /for REWARD/],
  ])('%s refuses %s', (method, flag, message) => {
    expect(() => parseOverrides([flag], method)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });

  it.each<[Method, string, object]>([
    ['dpo', 'beta=0.3', { beta: 0.3 }],
    ['dpo', 'loss_type=["sigmoid","sft"]', { loss_type: ['sigmoid', 'sft'] }],
    ['kto', 'desirable_weight=1.5', { desirable_weight: 1.5 }],
    ['grpo', 'num_generations=4', { num_generations: 4 }],
    ['rloo', 'temperature=0.7', { temperature: 0.7 }],
    ['reward', 'center_rewards_coefficient=0.01', { center_rewards_coefficient: 0.01 }],
  ])('%s takes %s', (method, flag, expected) => expect(parseOverrides([flag], method)).toEqual(expected));
});
