import { describe, expect, it } from 'vitest';
import { PLANNED, type Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { methodDecisions } from '../../scripts/planner/method-words.ts';
import args from '../../scripts/planner/overrides/trl-arguments.json' with { type: 'json' };
import { parseOverrides } from '../../scripts/planner/overrides.ts';
import { answerTokens, chooseMaxLength } from '../../scripts/planner/recipe/lengths.ts';
import { hasReference, methodRecipe } from '../../scripts/planner/recipe/method-recipe.ts';
import { batchesFor, heldOutRows } from '../../scripts/planner/recipe/steps.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { modesFor } from '../../scripts/planner/search/modes.ts';
import { cpu, microBatchSeconds } from '../../scripts/planner/time/step.ts';
import { QWEN3_8B, QWEN3_06B, work } from './support.ts';

const methodWork = (method: Planned, { rows = 500, set = {} as Request['set'] } = {}) =>
  work({ method, rows, request: { model: 'm', dataset: 'd', set } });

const recipe = (method: Planned, mode: 'full' | 'lora', options: Parameters<typeof methodWork>[1] = {}) => {
  const target = { kind: 'cuda' as const, bf16: true };
  const workload = methodWork(method, options);
  return batchesFor(workload).map((batch) =>
    buildRecipe(workload, { mode, target, batch, max_length: 1024, epochs: 1 }),
  );
};

describe.each(PLANNED)('%s', (method) => {
  it('passes only arguments that its config has', () => {
    const known = Object.keys({ ...args.shared, ...args.methods[method] });
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

  it('refuses evaluations that can hold no whole group', () => {
    const set = { per_device_eval_batch_size: 3 };
    expect(() => recipe(method, 'full', { set })).toThrow(
      expect.objectContaining({ code: 'batch_and_generations', exitCode: 2 }),
    );
    expect(recipe(method, 'full', { set: { ...set, num_generations_eval: 3 } })).not.toEqual([]);
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

describe('QLoRA', () => {
  const four = (method: Planned) =>
    buildRecipe(methodWork(method), {
      mode: 'qlora',
      target: { kind: 'cuda', bf16: true },
      batch: 4,
      max_length: 512,
      epochs: 1,
    });

  it.each(PLANNED)('%s: an adapter as LoRA has it, beside a base in 4 bits', (method) => {
    const [lora] = recipe(method, 'lora');
    expect(four(method)).toMatchObject({
      mode: 'qlora',
      precision: 'bf16',
      weights_dtype: 'bfloat16',
      lora: lora?.lora,
      quantization: { load_in_4bit: true, bnb_4bit_quant_type: 'nf4', bnb_4bit_compute_dtype: 'bfloat16' },
      training_args: { learning_rate: lora?.training_args.learning_rate },
    });
  });

  it('comes last where nothing was asked for', () => {
    expect(modesFor(QWEN3_06B, 'qlora').modes).toEqual(['qlora']);
    expect(modesFor(QWEN3_06B, 'auto').modes).toEqual(['full', 'lora', 'qlora']);
    expect(modesFor(QWEN3_8B, undefined).modes).toEqual(['lora', 'qlora']);
  });
});

describe('a reference model', () => {
  it.each<[Planned, Request['set'], boolean]>([
    ['sft', {}, false],
    ['dpo', {}, true],
    ['kto', {}, true],
    ['reward', {}, false],
    ['grpo', {}, false],
    ['grpo', { beta: 0.04 }, true],
    ['rloo', {}, true],
    ['rloo', { beta: 0 }, false],
  ])('%s %j: %s', (method, set, expected) => {
    const workload = methodWork(method, { set });
    expect(hasReference(workload)).toBe(expected);
    const [full] = recipe(method, 'full', { set });
    const [lora] = recipe(method, 'lora', { set });
    const words = (one: typeof full) => (one ? methodDecisions(workload, { recipe: one }) : []).map(({ what }) => what);
    expect(words(full).includes('a second copy of the model')).toBe(expected);
    expect(words(lora).includes('no second copy of the model')).toBe(expected);
  });

  it.each<[Planned, number]>([
    ['reward', 1],
    ['dpo', 1.25],
    ['kto', 1.75],
  ])('%s takes %d of the time of the training alone', (method, times) => {
    const { forwards } = methodRecipe(method);
    const batch = {
      mode: 'full' as const,
      weight_bytes: 4,
      sequences: 8,
      tokens: 512,
      checkpointing: true,
      adapted: 1,
    };
    const seconds = (extra_forwards: number) =>
      microBatchSeconds({ ...batch, shape: QWEN3_06B, extra_forwards }, cpu(4));
    const ratio = seconds(forwards.own + forwards.reference) / seconds(0);
    // A little more: the output layer is part of each pass, and not recomputed.
    expect(ratio).toBeGreaterThanOrEqual(times);
    expect(ratio).toBeLessThan(1.05 * times);
  });
});

it.each(['grpo', 'rloo'] as const)('%s says how many answers a step generates', (method) => {
  const [first] = recipe(method, 'lora', { set: { num_generations: 4, max_completion_length: 99 } });
  const said = first
    ? methodDecisions(methodWork(method, { set: { num_generations: 4, max_completion_length: 99 } }), { recipe: first })
    : [];
  expect(said).toContainEqual({
    what: expect.stringMatching(/^4 answers a prompt, \d+ a step$/),
    because: expect.stringContaining('99 tokens'),
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
  it.each<[Planned, string, RegExp]>([
    ['dpo', 'packing=true', /for DPO; it is one of sft/],
    ['dpo', 'rpo_alpha=1', /removed/],
    ['dpo', 'max_prompt_length=9', /removed/],
    ['dpo', 'max_completion_length=9', /it is one of grpo, rloo/],
    ['sft', 'beta=0.1', /it is one of dpo, kto, grpo, rloo/],
    ['kto', 'per_device_train_batch_size=1', /at least 2/],
    ['grpo', 'num_generations=1', /at least 2/],
    ['grpo', 'max_length=9', /--max-length/],
    ['grpo', 'vllm_mode=server', /shares its GPU/],
    ['grpo', 'log_completions_hub_repo=x', /what goes to the Hub/],
    ['grpo', 'steps_per_generation=2', /gradient_accumulation_steps/],
    ['rloo', 'reward_weights=[1]', /--reward/],
    ['reward', 'beta=1', /for REWARD/],
  ])('%s refuses %s', (method, flag, message) => {
    expect(() => parseOverrides([flag], method)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });

  it.each<[Planned, string, object]>([
    ['dpo', 'beta=0.3', { beta: 0.3 }],
    ['dpo', 'loss_type=["sigmoid","sft"]', { loss_type: ['sigmoid', 'sft'] }],
    ['kto', 'desirable_weight=1.5', { desirable_weight: 1.5 }],
    ['grpo', 'num_generations=4', { num_generations: 4 }],
    ['rloo', 'temperature=0.7', { temperature: 0.7 }],
    ['reward', 'center_rewards_coefficient=0.01', { center_rewards_coefficient: 0.01 }],
  ])('%s takes %s', (method, flag, expected) => expect(parseOverrides([flag], method)).toEqual(expected));
});

describe('rows are prepared side by side', () => {
  const processes = (method: Planned, rows: number, cpus?: number, vision = false) => {
    const workload = work({ method, rows, report: { ...work().report, vision } });
    const choice = {
      mode: 'lora',
      target: { kind: 'cuda', bf16: true },
      batch: 8,
      max_length: 512,
      epochs: 1,
    } as const;
    return buildRecipe(workload, cpus === undefined ? choice : { ...choice, cpus }).training_args.dataset_num_proc;
  };
  it.each<[string, Planned, number, number | undefined, boolean, number | undefined]>([
    ['by as many processes as there are CPUs', 'sft', 1_000_000, 12, false, 12],
    ['by no more than are any use', 'dpo', 1_000_000, 184, false, 16],
    ['by as many as the rows are worth', 'kto', 9000, 12, false, 3],
    ['few of them by one', 'reward', 3000, 12, false, undefined],
    ["by one on a machine of one's own", 'sft', 1_000_000, undefined, false, undefined],
    ['by one where TRL has no such argument', 'grpo', 1_000_000, 12, false, undefined],
    ['not at all with pictures', 'sft', 1_000_000, 12, true, undefined],
  ])('%s', (_, method, rows, cpus, vision, expected) => expect(processes(method, rows, cpus, vision)).toBe(expected));
});
