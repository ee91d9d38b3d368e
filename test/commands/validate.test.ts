import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from '../dataset/tiny-tokenizer.ts';
import { CHAT_LINES, fileIn, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('validate', () => {
  it('gives a verdict a method, and what to do next', async () => {
    const { code, stdout } = await world.run(['validate', 'open-r1/codeforces-cots', '--method', 'sft']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/SFT: . NEEDS MAPPING/);
    expect(stdout).toMatch(/KeyError: 'completion'/);
    expect(stdout).toMatch(/--map messages=messages/);
  });

  it('the same as JSON, with the columns and what was seen', async () => {
    const { value } = await world.here.json(['validate', 'codeforces-cots']);
    expect(value).toMatchObject({
      dataset: 'open-r1/codeforces-cots',
      config: 'solutions',
      split: 'train',
      rows_total: 60,
      rows_seen: 60,
      complete: true,
      recommended: 'sft',
      methods: {
        sft: { verdict: 'NEEDS_MAPPING', mapping: { columns: [{ to: 'messages', from: 'messages' }] } },
        dpo: { verdict: 'INCOMPATIBLE' },
      },
    });
  });

  it.each([
    ['chat.jsonl', CHAT_LINES],
    ['chat.json', `[${CHAT_LINES.replaceAll('\n', ',')}]`],
    ['text.csv', 'text\n"one, two"\n"three"\n'],
  ])('reads %s from this machine', async (name, content) => {
    const { code, value } = await world.here.json([
      'validate',
      fileIn(world.runtime, name, content),
      '--method',
      'sft',
    ]);
    expect({ code, verdict: value.methods.sft.verdict }).toEqual({ code: 0, verdict: 'READY' });
  });

  it.each<[string, object, string, string[]]>([
    ['reads text alone', {}, 'INCOMPATIBLE', ['model_sees_nothing']],
    ['sees', { vision_config: { model_type: 'clip_vision_model' } }, 'READY', []],
  ])('pictures with a model that %s', async (name, config, verdict, codes) => {
    const pictures = readFileSync(new URL('fixtures/pictures.parquet', import.meta.url));
    const data = fileIn(world.runtime, 'pictures.parquet', pictures);
    const model = modelFolder(join(world.runtime.cwd, name.replaceAll(' ', '-')), {
      'config.json': { model_type: 'llama', ...config },
    });
    const { value } = await world.here.json(['validate', data, '--model', model]);
    expect(value.methods.sft.verdict).toBe(verdict);
    const fails = value.methods.sft.findings.filter(({ kind }: { kind: string }) => kind === 'fails');
    expect(fails.map(({ code }: { code: string }) => code)).toEqual(codes);
  });

  it.each<[string, string[], number, string]>([
    ['no such dataset', ['validate', 'nobody/nothing'], 2, 'not_found'],
    ['no such file', ['validate', './nothing.jsonl'], 2, 'file_not_found'],
    ['an empty dataset', ['validate', 'tester/empty'], 3, 'empty_dataset'],
    ['a name that means several', ['validate', 'chat-demo'], 2, 'dataset_ambiguous'],
    ['a gated dataset', ['validate', 'gated-lab/medical-dialogues'], 5, 'forbidden'],
    ['an unknown config', ['validate', 'open-r1/codeforces-cots', '--config', 'x'], 2, 'unknown_config'],
    ['an unknown split', ['validate', 'open-r1/codeforces-cots', '--split', 'x'], 2, 'unknown_split'],
  ])('%s', async (_, args, code, error) => {
    const ran = await world.here.json(args);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
  });

  it('a private dataset without a token', async () => {
    const { code, value } = await world.here.json(['validate', 'tester/private-notes'], { HF_TOKEN: '' });
    expect({ code, error: value.error.code }).toEqual({ code: 5, error: 'not_logged_in' });
    expect((await world.here.json(['validate', 'tester/private-notes'])).code).toBe(0);
  });

  it('a file that cannot be read', async () => {
    // Whoever reads a process's memory from address 0 gets EIO: unreadable for root, too.
    symlinkSync('/proc/self/mem', join(world.runtime.cwd, 'unreadable.jsonl'));
    const { code, value } = await world.here.json(['validate', './unreadable.jsonl']);
    expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'unreadable_file' });
  });

  it.each([
    ['no dataset', ['validate'], /^error: missing required argument 'dataset'\nhf-llm-trainer --help.*\n$/],
    [
      'a misspelt command',
      ['validat'],
      /^error: unknown command 'validat'\n\(Did you mean validate\?\)\nhf-llm-trainer --help/,
    ],
  ])('%s: what is wrong, and what to do next', async (_, args, expected) => {
    const { code, stdout, stderr } = await world.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(expected);
  });

  it('says nothing on stdout but the one document, and progress elsewhere', async () => {
    const { stdout } = await world.run(['validate', 'open-r1/codeforces-cots', '--json']);
    expect(() => JSON.parse(stdout)).not.toThrow();
  });
});
