import { describe, expect, it } from 'vitest';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { doubts } from '../../scripts/planner/doubts.ts';
import { batchesFor } from '../../scripts/planner/recipe/steps.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { work } from './support.ts';

const said = (
  request: Partial<Request>,
  { method = 'sft' as Planned, rows = 500, mode = 'full' as 'full' | 'lora' } = {},
) => {
  const workload = work({ method, rows, request: { model: 'm', dataset: 'd', ...request } });
  const [batch = 1] = batchesFor(workload);
  const choice = { mode, target: { kind: 'cuda', bf16: true }, batch, max_length: 512, epochs: 1 } as const;
  return doubts(workload, buildRecipe(workload, choice));
};

describe('what is likely a slip', () => {
  it.each<[string, Partial<Request>, Parameters<typeof said>[1]]>([
    ['its own rate', {}, {}],
    ['its own rate for an adapter', {}, { mode: 'lora' }],
    ['a rate of the same order', { learningRate: 1e-4 }, {}],
    [
      'the batch that is all rows',
      { set: { per_device_train_batch_size: 8, gradient_accumulation_steps: 1 } },
      { rows: 8 },
    ],
    ['a large batch for all weights', { set: { gradient_accumulation_steps: 8 } }, {}],
    ['few prompts', {}, { method: 'grpo', rows: 1 }],
    ['a single step', { maxSteps: 1 }, {}],
    ['a warmup of half the steps', { set: { warmup_steps: 0.5 } }, {}],
    ['a long warmup where none is made', { set: { warmup_steps: 5000, lr_scheduler_type: 'constant' } }, {}],
    ['the first loss alone', { set: { logging_steps: 5000, logging_first_step: true } }, {}],
    ['a checkpoint of the last step', { set: { save_steps: 63 } }, {}],
    ['an evaluation at the last step', { set: { eval_steps: 63 } }, {}],
    ['an evaluation each epoch', { set: { eval_steps: 5000, eval_strategy: 'epoch' } }, {}],
    ['a loss each epoch', { set: { logging_steps: 5000, logging_strategy: 'epoch' } }, {}],
  ])('is not %s', (_, request, options) => expect(said(request, options)).toEqual([]));

  it.each<[Partial<Request>, Parameters<typeof said>[1], RegExp]>([
    [{ learningRate: 1 }, {}, /^learning rate 1 is for all weights 50000 times the usual 0.00002: the loss may jump/],
    [{ learningRate: 5e-2 }, { mode: 'lora' }, /for an adapter 250 times the usual/],
    [{ learningRate: 1e-4 }, { method: 'dpo' }, /for all weights 100 times the usual/],
    [{ learningRate: 1e-9 }, {}, /a 20,000th of the usual 0.00002: it may learn nothing/],
    [{ learningRate: 1e-31 }, {}, /for all weights less than a millionth of the usual 0.00002: it may learn/],
    [
      { set: { warmup_steps: 100_000 } },
      {},
      /^warmup_steps 100000 in a run of 63 steps: .* no higher than 0.062% of 0.00002/,
    ],
    [{ set: { warmup_steps: 0.9 } }, {}, /^warmup_steps 0.9 in a run of 63 steps: for more than half of it/],
    [
      { maxSteps: 1, set: { warmup_steps: 1 } },
      {},
      /^warmup_steps 1 in a run of 1 step: the learning rate stays 0, and nothing is learned/,
    ],
    [{ set: { logging_steps: 1000 } }, {}, /^logging_steps 1000 in a run of 63: no loss is shown/],
    [{ set: { save_steps: 64 } }, {}, /^save_steps 64 in a run of 63: no checkpoint is saved on the way/],
    [{ set: { eval_steps: 64 } }, {}, /^eval_steps 64 in a run of 63: .* before and after training, and never on/],
    [{ set: { gradient_accumulation_steps: 8 } }, { mode: 'lora' }, /^steps of 64 rows: an adapter learns less/],
    [{ set: { per_device_train_batch_size: 64 } }, { rows: 10 }, /^a step takes 64 rows, and there are 10: each pass/],
    [{ set: { per_device_train_batch_size: 64 } }, { rows: 1 }, /^a step takes 64 rows, and there is 1: each pass/],
  ])('%j %j', (request, options, expected) =>
    expect(said(request, options)).toEqual([expect.stringMatching(expected)]),
  );

  it('is refused where TRL would make no step', () => {
    const set = { per_device_train_batch_size: 16, gradient_accumulation_steps: 4 };
    expect(() => said({ set }, { method: 'grpo', rows: 5 })).toThrow(
      expect.objectContaining({ code: 'batch_over_rows', exitCode: 2, message: expect.stringContaining('8 prompts') }),
    );
  });
});
