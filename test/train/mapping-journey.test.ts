import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEvent } from '../../scripts/monitor/events.ts';
import type { Runtime } from '../support/runtime.ts';
import { QUICKSTART_DATA, runtimeWithPackages, tinyModel } from '../support/training.ts';

/** Columns of other names from the first look to the trained model, on this machine, with the flags that were printed. */
const ENV = { HF_ENDPOINT: 'http://127.0.0.1:9', OMP_NUM_THREADS: '1' };
let runtime: Runtime;
beforeAll(async () => {
  runtime = await runtimeWithPackages();
});
afterAll(() => runtime.remove());

const answers: [question: string, answer: string][] = readFileSync(QUICKSTART_DATA, 'utf8')
  .trim()
  .split('\n')
  .slice(0, 8)
  .map((line) => JSON.parse(line).messages)
  .map(([question, answer]) => [question.content, answer.content]);

interface Shape {
  rows: object[];
  flags: string;
  /** What training asks the model, and what it is to learn to answer. */
  learned: (question: string) => string;
}

const alpaca: Shape = {
  rows: answers.flatMap(([input, output], n) => [
    { instruction: 'Answer.', input, output },
    ...(n < 2 ? [{ instruction: 'Answer.', input, output: null }] : []),
  ]),
  flags: "--map 'prompt=join(instruction, input)' --map completion=output",
  learned: (question) => `Answer.\n\n${question}`,
};
const sharegpt: Shape = {
  rows: answers.map(([question, answer], n) => ({
    id: n,
    conversations: [
      { from: 'human', value: question },
      { from: 'gpt', value: answer },
    ],
  })),
  flags: "--map 'messages=turns(conversations, from, value, human: user, gpt: assistant)'",
  learned: (question) => question,
};

describe.skipIf(process.platform === 'win32')('what is trained on is what was proposed', () => {
  it.each<[string, Shape, number]>([
    ['alpaca, two rows without an answer', alpaca, 2],
    ['sharegpt', sharegpt, 0],
  ])('%s', async (name, { rows, flags, learned }, invalid) => {
    const data = join(runtime.cwd, `${name.slice(0, 6)}.jsonl`);
    writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));

    const looked = await runtime.run(['validate', data, '--method', 'sft', ...(invalid > 0 ? ['--drop-invalid'] : [])]);
    expect(looked.stdout).toContain(flags);
    const printed = inShell(`${flags}${invalid > 0 ? ' --drop-invalid' : ''}`);

    const small = [
      '--epochs',
      '40',
      '--learning-rate',
      '0.003',
      '--max-length',
      '128',
      '--set',
      'gradient_checkpointing=false',
    ];
    const asked = ['--model', await tinyModel(), '--dataset', data, '--backend', 'local', '--method', 'sft'];
    const { value: plan, stderr } = await runtime.json(['plan', ...asked, ...small, '--lora', 'off', ...printed], {
      env: ENV,
    });
    expect(plan.error, stderr).toBe(undefined);
    const { value: job } = await runtime.json(['submit', String(plan.path), '--approve', String(plan.digest)], {
      env: ENV,
    });
    const { stdout: log } = await runtime.run(['logs', String(job.job_id), '--follow'], { env: ENV });

    const events = log.split('\n').flatMap((line) => parseEvent(line) ?? []);
    const of = <Name extends (typeof events)[number]['event']>(event: Name) =>
      events.filter((each): each is Extract<typeof each, { event: Name }> => each.event === event);
    expect(of('start'), log.slice(-3000)).toMatchObject([{ rows: rows.length - invalid }]);
    const samples = of('sample').filter(({ when }) => when === 'after');
    expect(samples.length).toBe(2);
    for (const { prompt, answer } of samples) {
      const [, expected] = answers.find(([question]) => learned(question) === prompt) ?? [];
      expect({ prompt, answer }).toEqual({ prompt, answer: expected });
    }
  });
});

/** What a shell makes of printed words. */
function inShell(words: string): string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}
