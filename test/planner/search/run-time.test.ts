import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../scripts/plan/json.ts';
import type { Planned } from '../../../scripts/plan/methods.ts';
import { buildRecipe } from '../../../scripts/planner/recipe.ts';
import { modesFor } from '../../../scripts/planner/search/modes.ts';
import { runTime } from '../../../scripts/planner/search/run-time.ts';
import { flavorNamed, QWEN3_06B, work } from '../support.ts';

const SET = { per_device_train_batch_size: 4 };
const timed = (
  set: Record<string, JsonValue>,
  method: Planned = 'sft',
  more: { rows?: number; maxSteps?: number } = {},
) => {
  const flavor = flavorNamed('a10g-small');
  const { rows = 1000, ...request } = more;
  const workload = work({ method, rows, request: { model: 'm', dataset: 'd', ...request, set: { ...SET, ...set } } });
  const choice = { mode: 'full', target: { kind: 'cuda', bf16: true }, batch: 4, max_length: 1024, epochs: 2 } as const;
  const recipe = buildRecipe(workload, choice);
  const time = runTime({ work: workload, recipe, flavor, backend: 'hf', max_length: 1024 });
  return { ...time, steps: recipe.total_steps, cpus: flavor.cpus };
};

describe('what passes the model', () => {
  it.each([250, 1000, 100_000])('is no more than the rows are, however many a step of %s takes', (accumulation) => {
    const { tokens, steps, parts } = timed({ gradient_accumulation_steps: accumulation });
    expect(steps).toBe(2);
    expect(tokens).toBe(timed({ gradient_accumulation_steps: 1 }).tokens);
    expect(parts.training).toBeLessThan(timed({ gradient_accumulation_steps: 1 }).parts.training);
  });

  it('is the whole epoch in a step where steps were asked for', () => {
    const huge = timed({ gradient_accumulation_steps: 100_000 }, 'sft', { maxSteps: 4 });
    expect(huge.tokens).toBeCloseTo(2 * timed({ gradient_accumulation_steps: 1 }).tokens, -1);
  });

  it('is what is left in the last step of an epoch', () => {
    const [seven, one] = [7, 1].map((each) => timed({ gradient_accumulation_steps: each }));
    expect(seven?.steps).toBe(2 * Math.ceil(250 / 7));
    expect(seven?.tokens).toBe(one?.tokens);
  });

  it('is both answers of a pair for KTO, each a row', () => {
    const report = { ...work().report, format: 'preference' as const };
    const flavor = flavorNamed('a10g-small');
    const tokens = [report, work().report].map((each) => {
      const workload = work({
        method: 'kto',
        report: each,
        rows: 1000,
        request: { model: 'm', dataset: 'd', set: SET },
      });
      const choice = {
        mode: 'full',
        target: { kind: 'cuda', bf16: true },
        batch: 4,
        max_length: 1024,
        epochs: 1,
      } as const;
      const recipe = buildRecipe(workload, choice);
      return runTime({ work: workload, recipe, flavor, backend: 'hf', max_length: 1024 }).tokens;
    });
    expect(tokens[0]).toBe(tokens[1]);
  });

  it('is tokenized by no more processes than there are virtual CPUs', () => {
    const setup = (processes: number): number =>
      timed({ dataset_num_proc: processes }, 'sft', { rows: 100_000 }).parts.setup;
    const { cpus } = timed({});
    expect(setup(cpus)).toBeLessThan(setup(1));
    expect(setup(64)).toBe(setup(cpus));
  });
});

describe('evaluations', () => {
  // 1000 rows by 4, 2 epochs: 63 steps each.
  const STEPS = { gradient_accumulation_steps: 4 };
  const evaluated = (set: Record<string, JsonValue>, more = {}): number =>
    timed({ ...STEPS, ...set }, 'sft', more).parts.evaluation /
    timed({ ...STEPS, eval_strategy: 'no' }).parts.evaluation;

  it.each<[string, number, Record<string, JsonValue>, object]>([
    ['where it goes on to the last step', 3, { eval_steps: 5000 }, {}],
    ['where the last step is one of them', 4, { eval_steps: 63 }, {}],
    ['where the last step is none of them', 5, { eval_steps: 60 }, {}],
    ['after each epoch', 4, { eval_strategy: 'epoch' }, {}],
    ['after each epoch of the steps asked for', 6, { eval_strategy: 'epoch' }, { maxSteps: 200 }],
  ])('are before and after training, and %s: %s', (_, count, set, more) =>
    expect(evaluated(set, more)).toBeCloseTo(count / 2),
  );
});

it.each([
  [596_049_920, '0.60 B'],
  [4.1e9, '4.1 B'],
  [70.5e9, '71 B'],
  [409e9, '410 B'],
  [99.7e6, '100 M'],
])('%s parameters are said as %s', (parameters, said) =>
  expect(modesFor({ ...QWEN3_06B, parameters }, undefined).why).toMatch(new RegExp(`^${said} parameters`)),
);
