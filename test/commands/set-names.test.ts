import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSetNames } from '../../scripts/commands/set-names.ts';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import type { ModelFiles } from '../../scripts/hub/model-files.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { fakeModel } from '../hub/fake-model.ts';
import { seedDemo } from '../hub/seed.ts';
import { startHub, type TestHub } from '../hub/server.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await seedDemo(hub);
  await fakeModel(hub, 'tester/base', { config: {}, parameters: 1, files: { 'tokenizer_config.json': '{}' } });
});
afterAll(() => hub.close());

const BPE = {
  'tokenizer.json': { model: { vocab: { hello: 0 } }, added_tokens: [{ id: 1, content: '<|im_end|>' }] },
  'tokenizer_config.json': { added_tokens_decoder: { '2': { content: '<|pad|>' } } },
};
const UNIGRAM = { 'tokenizer.json': { model: { vocab: [['</s>', 0.5]] } } };

const files = (json: Record<string, unknown>): ModelFiles => ({
  id: 'some/model',
  source: 'hub',
  revision: null,
  files: Object.keys(json),
  json: async (name) => json[name] ?? null,
  text: async () => null,
  weights: async () => null,
});

async function check(
  set: NonNullable<Request['set']>,
  json: Record<string, unknown> = BPE,
  lora: Request['lora'] = 'auto',
): Promise<string> {
  const environment = hub.environment(hub.tokens.read);
  return checkSetNames(
    { model: 'm', dataset: 'd', set, lora },
    [files({}), files(json)],
    hubFromEnvironment(environment),
  ).then(
    ({ pinned, foreign }) => {
      if (foreign && lora !== 'off') return foreign.code;
      const path = pinned.set?.chat_template_path;
      return path === set.chat_template_path ? 'is there' : `${path}`;
    },
    (error) => error.code,
  );
}

describe('what --set names', () => {
  it.each<[set: NonNullable<Request['set']>, json: Record<string, unknown>, outcome: string]>([
    [{}, BPE, 'is there'],
    [{ eos_token: '<|im_end|>' }, BPE, 'is there'],
    [{ eos_token: 'hello' }, BPE, 'is there'],
    [{ pad_token: '<|pad|>' }, BPE, 'is there'],
    [{ eos_token: '<|eot_id|>' }, BPE, 'unknown_token'],
    [{ eos_token: '<|im_end|>', pad_token: '[PAD]' }, BPE, 'unknown_token'],
    [{ eos_token: '</s>' }, UNIGRAM, 'is there'],
    [{ eos_token: '<eos>' }, UNIGRAM, 'unknown_token'],
    // Without a tokenizer.json nothing is known here.
    [{ eos_token: '<eos>' }, {}, 'is there'],
    [{ eos_token: null }, BPE, 'is there'],
  ])('%j in %j: %s', async (set, json, outcome) => {
    expect(await check(set, json)).toBe(outcome);
  });

  it.each([
    ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B@head'],
    ['Qwen/Qwen3-0.6B@head', 'is there'],
    [`Qwen/Qwen3-0.6B@${'0'.repeat(40)}`, 'not_found'],
    ['nobody/none', 'not_found'],
    ['tester/base', 'no_template_to_lend'],
    ['quant-lab/Qwen3-0.6B-GGUF', 'no_template_to_lend'],
  ])('chat_template_path=%s: %s', async (chat_template_path, outcome) => {
    const head = hub.repo('model', 'Qwen/Qwen3-0.6B')?.resolve('main')?.sha ?? '';
    const named = (text: string): string => text.replace('@head', `@${head}`);
    expect(await check({ chat_template_path: named(chat_template_path) })).toBe(named(outcome));
  });

  it('a template whose answers end with a token that the model does not have: for all weights alone', async () => {
    const set = { chat_template_path: 'Qwen/Qwen3-0.6B' };
    expect(await check(set, UNIGRAM)).toBe('foreign_template');
    expect(await check(set, UNIGRAM, 'off')).toMatch(/@/);
    expect(await check({ ...set, eos_token: '</s>' }, UNIGRAM)).toMatch(/@/);
    expect(await check({ ...set, eos_token: '<eos>' }, UNIGRAM)).toBe('unknown_token');
  });
});
