import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proposeReward } from '../../scripts/commands/reward-columns.ts';
import { absoluteRewards, readRewards } from '../../scripts/commands/reward-flags.ts';
import { fileIn, startWorld, type World } from './world.ts';

const SOURCE = 'import math\n\nasync def judge(completions, **kwargs):\n    return [1.0 for _ in completions]\n';

const folder = mkdtempSync(join(tmpdir(), 'reward-'));
writeFileSync(join(folder, 'mine.py'), SOURCE);
afterAll(() => rmSync(folder, { recursive: true }));

const read = (flag: string, columns = ['answer', 'tests', 'level']) => readRewards([flag], { cwd: folder, columns });

describe('--reward', () => {
  it.each<[flag: string, name: string, column: string | null, parameters: object, weight: number]>([
    ['math', 'math', 'answer', {}, 1],
    ['exact:column=level', 'exact', 'level', {}, 1],
    ['code', 'code', 'tests', {}, 1],
    ['code:seconds=2,partial=true', 'code', 'tests', { seconds: 2, partial: true }, 1],
    ['format', 'format', null, {}, 1],
    ['format:tags=["plan","code"],weight=0.5', 'format', null, { tags: ['plan', 'code'] }, 0.5],
    ['length:maximum=300', 'length', null, { maximum: 300 }, 1],
    ['length:target=9,unit=characters', 'length', null, { target: 9, unit: 'characters' }, 1],
    ['regex:pattern=^a{1,2}:b=c,d$', 'regex', null, { pattern: '^a{1,2}:b=c,d$' }, 1],
    ['regex:pattern=12,example=12', 'regex', null, { pattern: '12', example: '12' }, 1],
    [
      'json_schema:schema={"type":"array","minItems":2}',
      'json_schema',
      null,
      { schema: { type: 'array', minItems: 2 } },
      1,
    ],
    ['json_schema:column=level', 'json_schema', 'level', {}, 1],
  ])('%s', async (flag, name, column, parameters, weight) => {
    expect(await read(flag)).toEqual([{ kind: 'builtin', name, column, parameters, weight }]);
  });

  it('reads a function of the person’s own, whole', async () => {
    const [reward] = await read('mine.py:judge');
    expect(reward).toMatchObject({
      kind: 'file',
      file: 'mine.py',
      function: 'judge',
      source: SOURCE,
      column: null,
    });
    expect((await read(`${join(folder, 'mine.py')}:judge:column=answer,weight=2`))[0]).toMatchObject({
      column: 'answer',
      weight: 2,
    });
  });

  it.each([
    ['nonsense', /no reward "nonsense"/],
    ['', /no reward ""/],
    ['mine.py', /which function/],
    ['mine.py:', /no name of a function/],
    ['mine.py:a-b', /no name of a function/],
    ['mine.py:other', /no function other/],
    ['none.py:judge', /can't be read/],
    ['math:column=nothing', /no column "nothing"/],
    ['math:depth=3', /no option of it/],
    ['math:weight=much', /no number/],
    ['length', /a target or a maximum/],
    ['length:target=3,maximum=4', /a target or a maximum/],
    ['length:maximum=-3', /maximum=-3 is not/],
    ['regex', /needs a pattern/],
    ['json_schema', /which column/],
    ['json_schema:schema=3', /schema=3 is not/],
    ['code:seconds=999', /seconds=999 is not/],
  ])('refuses %s', async (flag, message) => {
    await expect(read(flag)).rejects.toMatchObject({
      kind: 'usage',
      code: 'bad_reward',
      message: expect.stringMatching(message),
    });
  });

  it('asks for the column where no name tells it', async () => {
    await expect(read('math', ['x', 'y'])).rejects.toMatchObject({ message: expect.stringContaining('x, y') });
  });

  it('keeps a file’s place for a plan that is made elsewhere', () => {
    expect(absoluteRewards(['a/mine.py:judge:weight=2', 'math', '/b/c.py:d'], '/home/alice')).toEqual([
      '/home/alice/a/mine.py:judge:weight=2',
      'math',
      '/b/c.py:d',
    ]);
  });
});

describe('a proposal', () => {
  it.each<[why: string, rows: Record<string, unknown>[], proposal: string | null]>([
    ['gsm8k', [{ answer: 'so\n#### 3' }, { answer: 'so\n#### 1,004' }], 'math:column=answer'],
    ['numbers', [{ ground_truth: 3 }, { ground_truth: 4 }], 'math:column=ground_truth'],
    ['LaTeX', [{ solution: 'Thus $\\frac{1}{2}$.' }], 'math:column=solution'],
    ['words', [{ answer: 'Paris' }, { answer: 'Rome' }], 'exact:column=answer'],
    ['tests', [{ answer: 'def f', test_list: ['assert f()'] }], 'code:column=test_list'],
    ['essays', [{ answer: 'A long story. '.repeat(20) }], null],
    ['nothing to compare with', [{ level: 3 }], null],
  ])('for %s', (_, rows, proposal) => {
    expect(proposeReward(Object.keys(rows[0] ?? {}), rows)).toBe(proposal);
  });
});

describe('plan', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const rows = Array.from({ length: 20 }, (_, n) => ({ prompt: `${n} + 1?`, answer: `so\n#### ${n + 1}` }));
    fileIn(world.runtime, 'sums.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    fileIn(world.runtime, 'mine.py', SOURCE);
  });
  afterAll(() => world.close());

  // Neither uv nor Python here: what is tried on a machine that has one is in test/train.
  const plan = (...flags: string[]) =>
    world.here.json(['plan', '--model', 'Qwen3-0.6B', '--dataset', 'sums.jsonl', ...flags], { PATH: '' });

  it('proposes the reward that fits the columns', async () => {
    const { code, value } = await plan('--method', 'grpo');
    expect({ code, error: value.error }).toMatchObject({
      code: 2,
      error: { code: 'reward_needed', hint: expect.stringContaining('--reward math:column=answer') },
    });
  });

  it('has no use for one where the data teach', async () => {
    const { code, value } = await plan('--method', 'sft', '--map', 'text=prompt', '--reward', 'math');
    expect({ code, error: value.error?.code }).toEqual({ code: 2, error: 'no_reward_here' });
  });

  it('carries the rewards, their weights and packages, and says what was not tried', async () => {
    const flags = ['--reward', 'math', '--reward', 'mine.py:judge:weight=0.25'];
    const { code, value } = await plan('--method', 'grpo', ...flags);
    expect(code, JSON.stringify(value.error)).toBe(0);
    expect(value.plan.reward).toMatchObject([
      { kind: 'builtin', name: 'math', column: 'answer' },
      { kind: 'file', file: 'mine.py', source: SOURCE, weight: 0.25 },
    ]);
    expect(value.plan.recipe.training_args.reward_weights).toEqual([1, 0.25]);
    expect(value.plan.script.dependencies).toContain('math-verify==0.9.0');
    expect(value.card).toMatch(/reward math: compares with column answer; not tried on this machine \(no Python/);
    expect(value.card).toMatch(/reward mine\.py:judge: your own, 5 lines, sha256 [0-9a-f]{12}/);
    const elsewhere = await world.json(['plan', '--from', value.path, '--epochs', '2', '--out', '/dev/null/x'], {
      env: { PATH: '' },
      cwd: folder,
    });
    expect(elsewhere.value.error.code).toBe('plan_not_writable'); // everything before it went well
  });

  it('says how long answers may be where they would not fit', async () => {
    const grpo = ['--method', 'grpo', '--reward', 'math', '--set'];
    const { code, value } = await plan(...grpo, 'max_completion_length=100000');
    expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'too_long' });
    expect(value.error.message).toMatch(/^answers of 100000 tokens after prompts of up to \d+ are more than/);
    const [hinted = ''] = /max_completion_length=\d+/.exec(value.error.hint) ?? [];
    // It fits the model; the first flavor that is tried may be too small for it.
    const followed = await plan(...grpo, hinted);
    expect(followed.value.error?.code).not.toBe('too_long');
    expect((await plan(...grpo, 'max_completion_length=64')).value.card).not.toMatch(/could compare/);
  });

  it('is another plan when the function changes', async () => {
    const flags = ['--method', 'grpo', '--reward', 'mine.py:judge'];
    const before = (await plan(...flags)).value;
    fileIn(world.runtime, 'mine.py', SOURCE.replace('1.0', '2.0'));
    const after = (await plan(...flags)).value;
    expect(after.digest).not.toBe(before.digest);
    expect(after.plan.script.sha256).not.toBe(before.plan.script.sha256);
  });

  // A Python that says what a trial says; what a real one makes of rewards is in test/train.
  it.skipIf(process.platform === 'win32')(
    'tries a reward with the Python that is there, and installs nothing',
    async () => {
      const bin = mkdtempSync(join(folder, 'bin-'));
      const said = '{"tried": [{"name": "length", "rows": 8, "right": null, "wrong": null}]}';
      const python = `#!/bin/sh\nif [ "$1" = -c ]; then echo 3.12.1; elif [ "$1 $2" = '-I -S' ]; then echo '${said}' > "$5"; fi\n`;
      writeFileSync(join(bin, 'python3'), python, { mode: 0o755 });
      const flags = ['--method', 'grpo', '--reward', 'length:maximum=300'];
      const args = ['plan', '--model', 'Qwen3-0.6B', '--dataset', 'sums.jsonl', ...flags];
      const installed = (): string[] =>
        readdirSync(world.runtime.home, { recursive: true, encoding: 'utf8' }).filter((name) =>
          /^(uv|environments)[/\\]/.test(name),
        );
      const before = installed();
      const { code, value, stderr } = await world.here.json(args, { PATH: bin });
      expect(code, JSON.stringify(value.error)).toBe(0);
      expect(value.card).toMatch(/reward length: .*runs; not compared with right answers/);
      expect(stderr).not.toContain('Installing');
      expect(installed()).toEqual(before);
    },
  );
});
