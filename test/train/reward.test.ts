import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { fileIn } from '../commands/world.ts';
import { TEST_HOME } from '../support/python.ts';
import { installRuntime, type Runtime } from '../support/runtime.ts';
import { localPlan, only, temporaryFolder, tinyModel, train } from '../support/training.ts';

interface Planned {
  card: string;
  error: { code: string; message: string };
}

/** Rewards as a person meets them: tried while the plan is made, and again before the model is loaded. */

const SUMS = Array.from({ length: 24 }, (_, n) => ({
  prompt: `What is ${n} + 1?`,
  answer: `so\n#### ${n + 1}`,
}));
const PROGRAMS = [1, 2, 3].map((n) => ({
  prompt: `Write f, which adds ${n}`,
  tests: [`assert f(1) == ${n + 1}`, `assert f(5) == ${n + 5}`],
  solution: `def f(x):\n    return x + ${n}`,
}));
const MINE = `import re

def near(completions, answer, **kwargs):
    said = [float((re.findall(r"\\d+", text) or [1000])[-1]) for text in completions]
    return [1 / (1 + abs(number - float(a.split("#### ")[-1]))) for number, a in zip(said, answer)]

def trusting(completions, **kwargs):
    return [float(text.split("#### ")[-1]) for text in completions]

def same(completions, **kwargs):
    return [0.5] * len(completions)

def short(completions):
    return [1.0] * len(completions)

def torn(completions, **kwargs):
    return [1.0]

def far(completions, **kwargs):
    import a_module_of_nobody
`;

describe('plan tries the reward on this machine', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await installRuntime();
    const lines = (rows: object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
    fileIn(runtime, 'sums.jsonl', lines(SUMS));
    fileIn(runtime, 'programs.jsonl', lines(PROGRAMS));
    fileIn(runtime, 'mine.py', MINE);
  });
  afterAll(() => runtime.remove());

  const plan = async (data: string, reward: string) => {
    const flags = ['--method', 'grpo', '--backend', 'local', '--model', await tinyModel(), '--dataset', data];
    // Environments are shared with the other tests; the plan itself stays in the runtime's folder.
    const env = { HF_LLM_TRAINER_HOME: TEST_HOME, HF_TOKEN: 'hf_secret' };
    return runtime.json<Planned>(['plan', ...flags, '--reward', reward, '--out', 'one.plan.json'], { env });
  };

  it.each<[data: string, reward: string, said: RegExp]>([
    ['sums.jsonl', 'math', /reward math: compares with column answer; 1 for right answers of 8 rows, 0 for wrong ones/],
    ['sums.jsonl', 'exact', /reward exact: .*; 1 for right answers of 8 rows, 0 for wrong ones/],
    [
      'sums.jsonl',
      'mine.py:near:column=answer',
      /reward mine\.py:near: your own, \d+ lines, .* 1 for right answers of 8 rows, 0\.\d+ for/,
    ],
    ['sums.jsonl', 'mine.py:same', /reward mine\.py:same: your own, .*; runs; not compared with right answers/],
    ['sums.jsonl', 'format', /reward format: built in; 1 for right answers of 8 rows, 0 for wrong ones/],
    [
      'programs.jsonl',
      'code',
      /reward code: compares with column tests; 1 for right answers of 3 rows, 0 for wrong ones/,
    ],
  ])('%s, %s', async (data, reward, said) => {
    const { code, value, stderr } = await plan(data, reward);
    expect(code, `${JSON.stringify(value.error)} ${stderr}`).toBe(0);
    expect(value.card.replace(/\n +/g, ' ')).toMatch(said); // lines that go on
  });

  it.each<[reward: string, code: number, error: string, message: RegExp]>([
    ['mine.py:trusting', 2, 'reward_fails', /could not convert string to float/],
    ['mine.py:same:column=answer', 3, 'reward_cannot_tell', /mine\.py:same can't tell right from wrong: 0\.5 .* 0\.5/],
    ['mine.py:short', 2, 'reward_fails', /unexpected keyword argument/],
    ['mine.py:torn', 2, 'reward_result', /not one number for each of 8 answers/],
    ['mine.py:far', 2, 'reward_fails', /ModuleNotFoundError/],
    ['regex:pattern=(', 2, 'bad_regex', /unterminated/],
  ])('stops at %s', async (reward, code, error, message) => {
    const ran = await plan('sums.jsonl', reward);
    expect({ code: ran.code, error: ran.value.error?.code }, ran.stderr).toEqual({ code, error });
    expect(ran.value.error.message).toMatch(message);
  });
});

describe('the run tries it again', () => {
  const grpo = async (reward: Plan['reward']): Promise<Plan> => {
    const file = join(await temporaryFolder(), 'sums.jsonl');
    await writeFile(file, SUMS.map((row) => JSON.stringify(row)).join('\n'));
    return localPlan(file, {
      method: 'grpo',
      dataset: { format: 'prompt-only', conversational: false },
      recipe: {
        total_steps: 2,
        training_args: { max_steps: 2, num_generations: 4, max_completion_length: 8, reward_weights: [1, 0.5] },
      },
      reward,
    });
  };
  const exact: NonNullable<Plan['reward']>[number] = {
    kind: 'builtin',
    name: 'exact',
    column: 'answer',
    parameters: {},
    weight: 1,
  };
  const own = (name: string): NonNullable<Plan['reward']>[number] => ({
    kind: 'file',
    file: 'mine.py',
    function: name,
    source: MINE,
    sha256: '',
    column: 'answer',
    parameters: {},
    weight: 0.5,
  });

  it('before the weights are loaded, then trains with both, and tells that an untrained model earns nothing', async () => {
    const ran = await train(await grpo([exact, { ...exact, weight: 0.5 }]));
    expect(ran.log).not.toContain('Traceback');
    expect(ran.code).toBe(0);
    const stages = only(ran, 'stage').map(({ stage }) => stage);
    expect(stages.indexOf('checking_reward')).toBeGreaterThan(-1);
    expect(stages.indexOf('checking_reward')).toBeLessThan(stages.indexOf('loading_model'));
    expect(ran.log).toContain('Reward exact: 1 for right answers, 0 for wrong ones');
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('rewards_do_not_vary');
  });

  it('and trains with one that can’t tell on its rows, with an alarm: the plan, on others, could', async () => {
    const ran = await train(await grpo([exact, own('same')]));
    expect(ran.code, ran.log).toBe(0);
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('reward_cannot_tell');
    expect(only(ran, 'done')).toHaveLength(1);
  });

  it('and trains nothing with one that fails', async () => {
    const ran = await train(await grpo([exact, own('trusting')]));
    expect(ran.code).toBe(1);
    expect(ran.log).not.toContain('Traceback');
    expect(only(ran, 'alarm')).toMatchObject([{ code: 'reward_fails' }]);
    expect(only(ran, 'stage').map(({ stage }) => stage)).not.toContain('loading_model');
  });
});
