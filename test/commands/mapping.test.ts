import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mapping } from '../../scripts/plan/mapping.ts';
import { mappingPython } from '../../scripts/training/mapping-python.ts';
import { fileIn, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const MODEL = ['--model', 'Qwen3-0.6B', '--backend', 'hf'];
const lines = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const twelve = (row: (n: number) => object): string => lines(Array.from({ length: 12 }, (_, n) => row(n)));

const ALPACA = twelve((n) => ({ instruction: 'Add one.', input: n === 3 ? '' : `${n}`, output: `${n + 1}` }));

const talk = (n: number): object[] => [
  { role: 'user', content: `${n}?` },
  { role: 'assistant', content: `${n}` },
];

/** What a shell makes of printed words. */
const inShell = (words: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe.skipIf(process.platform === 'win32')('printed mappings', () => {
  it.each<[name: string, method: string, rows: string, count: number]>([
    ['two answers', 'sft', twelve((n) => ({ question: `${n}?`, answer: `${n}`, solution: `so ${n}` })), 2],
    ['two languages', 'sft', twelve((n) => ({ translation: { en: `${n} men`, fr: `${n} hommes` } })), 2],
    ['ratings', 'kto', twelve((n) => ({ prompt: `${n}?`, response: `${n}`, rating: (n % 5) + 1 })), 2],
    ['names that a shell would read', 'sft', twelve((n) => ({ "it's $(good); `x`": talk(n), b: n })), 1],
    ['speakers in a text', 'sft', twelve((n) => ({ chat: `\n\nHuman: ${n}?\n\nAssistant: it's ${n}` })), 1],
  ])(
    'are asked about where several are meant, and can be given as they stand: %s',
    async (name, method, rows, count) => {
      const data = fileIn(world.runtime, `${name}.jsonl`, rows);
      const plan = ['plan', ...MODEL, '--dataset', data, '--method', method];
      const { code, stdout, value } = await world.here.json(plan);
      expect({ code, error: value.error?.code }, stdout).toEqual({ code: 3, error: 'needs_mapping' });
      if (count > 1) expect(value.error.hint).toMatch(/^Ask the person which/);
      const proposals: string[] = value.error.message.replace(/^.*? for [A-Z]+: /, '').split('   or   ');
      expect(proposals.length).toBe(count);
      const planned = await Promise.all(proposals.map((flags) => world.here.json([...plan, ...inShell(flags)])));
      expect(planned.map((one) => one.code)).toEqual(proposals.map(() => 0));
      expect(new Set(planned.map((one) => one.value.digest)).size).toBe(count);
    },
  );

  it('are read by validate as plan reads them, and its answer comes next', async () => {
    const data = fileIn(world.runtime, 'alpaca.jsonl', ALPACA);
    const first = await world.here.run(['validate', data]);
    expect(first.code).toBe(3);
    const [, next = ''] = /^Next: hf-llm-trainer (.*)$/m.exec(first.stdout) ?? [];
    expect(next).toContain("--map 'prompt=join(instruction, input)' --map completion=output");
    const second = await world.here.run(inShell(next));
    expect(second.stdout).toContain('SFT: ✓ READY');
    expect(second.code).toBe(0);
  });
});

describe('the Python of a mapping', () => {
  it('is what validate shows, what its JSON holds and what the training script runs', async () => {
    const data = fileIn(world.runtime, 'shown.jsonl', ALPACA);
    const { value } = await world.here.json(['validate', data, '--method', 'sft']);
    const { mapping, mapping_python: python } = value.methods.sft;
    expect(python).toBe(mappingPython(Mapping.parse(mapping)));

    const { stdout } = await world.here.run(['validate', data, '--method', 'sft']);
    const shown = stdout.split('\n').flatMap((line) => (line.startsWith('  |') ? [line.slice(4)] : []));
    const from = shown.indexOf('from typing import Any');
    expect(`${shown.slice(from).join('\n')}\n`).toBe(python);

    const flags = ['--map', 'prompt=join(instruction, input)', '--map', 'completion=output'];
    const planned = await world.here.json(['plan', ...MODEL, '--dataset', data, ...flags]);
    const script = (await world.here.run(['script', planned.value.path])).stdout;
    const functions = python.slice(python.indexOf('def join('), python.indexOf('def map_row('));
    for (const part of functions.trim().split('\n\n\n')) expect(script).toContain(part);
    expect(script).toContain(python.slice(python.indexOf('def map_row(')));
    expect(JSON.parse(readFileSync(planned.value.path, 'utf8')).plan.dataset.mapping).toEqual(mapping);
  });
});

describe('--drop-invalid', () => {
  it('is asked for, and says on the card how many rows are left out and why', async () => {
    const rows = Array.from({ length: 20 }, (_, n) => ({
      instruction: `Say ${n}.`,
      output: n % 5 === 0 ? null : `${n}`,
    }));
    const data = fileIn(world.runtime, 'invalid.jsonl', lines(rows));
    const map = ['--method', 'sft', '--map', 'prompt=instruction', '--map', 'completion=output'];
    const refused = await world.here.json(['plan', ...MODEL, '--dataset', data, ...map]);
    expect({ code: refused.code, error: refused.value.error.code }).toEqual({ code: 3, error: 'data_not_ready' });
    expect(refused.value.error.hint).toContain('--drop-invalid');

    const { code, stdout } = await world.here.run(['plan', ...MODEL, '--dataset', data, ...map, '--drop-invalid']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/16 of 20 rows/);
    expect(stdout).toMatch(/left out: 4 rows, `completion` is null/);
    expect(stdout).toMatch(/columns: prompt from instruction, completion from output; all others are left out/);
  });
});
