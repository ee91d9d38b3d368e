import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import type { ModelFiles } from '../../scripts/hub/model-files.ts';
import { openHubModel } from '../../scripts/hub/models.ts';
import { openModelFolder } from '../../scripts/planner/model-facts/folder.ts';
import { readModelFacts } from '../../scripts/planner/model-facts.ts';
import { type FakeModel, fakeModel, safetensorsFiles } from './fake-model.ts';
import { seedDemo } from './seed.ts';
import { startHub, type TestHub } from './server.ts';

/** What our own code reads of a model, and with how many requests. */
let hub: TestHub;
let stranger: string;
const folder = mkdtempSync(join(tmpdir(), 'model-'));

const SMALL: FakeModel = {
  config: {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    intermediate_size: 128,
    vocab_size: 100,
    tie_word_embeddings: true,
  },
  parameters: 88_640,
  files: { 'tokenizer.json': '{}' },
};

/** As Python's json writes it, of Mamba2 for example. */
const PYTHON_CONFIG = '{"time_step_limit": [0.0, Infinity]}';

beforeAll(async () => {
  hub = await startHub();
  await seedDemo(hub);
  stranger = hub.addToken(hub.addUser('stranger'), 'read');
  const { config, parameters, files = {} } = SMALL;
  await fakeModel(hub, 'tester/whole', SMALL);
  await fakeModel(hub, 'tester/manual', { ...SMALL, gated: 'manual' });
  await fakeModel(hub, 'tester/at-once', { ...SMALL, gated: 'auto' });
  await fakeModel(hub, 'tester/secret', { ...SMALL, private: true });
  // More tensors than a header of 64 kB can list.
  const many = Array.from({ length: 1500 }, (_, n): [string, number[]] => [`model.layers.0.extra.${n}.weight`, [2]]);
  const own = { 'config.json': JSON.stringify(config), ...files };
  await hub.addRepo({ type: 'model', id: 'tester/long', files: { ...own, ...safetensorsFiles(many) } });
  const index = JSON.stringify({ weight_map: { a: 'model-00001-of-00002.safetensors', b: 'part-two.safetensors' } });
  const [shard = ''] = Object.values(safetensorsFiles([['a', [parameters]]]));
  const half = { 'model.safetensors.index.json': index, 'model-00001-of-00002.safetensors': shard };
  await hub.addRepo({ type: 'model', id: 'tester/half', files: { ...own, ...half } });
  const odd = { ...half, 'part-two.safetensors': shard };
  await hub.addRepo({ type: 'model', id: 'tester/odd-names', files: { ...own, ...odd } });
  await hub.addRepo({ type: 'model', id: 'tester/python', files: { ...own, 'config.json': PYTHON_CONFIG } });
  await hub.addRepo({ type: 'model', id: 'tester/cut', files: { ...own, 'model.safetensors': 'cut' } });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await hub.close();
});
beforeEach(() => {
  hub.requests.length = 0;
});

const open = (id: string, token?: string): Promise<ModelFiles> =>
  openHubModel(hubFromEnvironment({ ...hub.environment(token), HF_TOKEN_PATH: join(folder, 'none') }), id);
const facts = async (id: string, token?: string) => readModelFacts(await open(id, token), (base) => open(base, token));
const asked = (): string[] =>
  hub.requests.map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{32,}/g, '*')}`).sort();

describe('a model on the Hub', () => {
  it('is read with a request for each of its files, and a second for what the storage holds', async () => {
    expect((await facts('Qwen/Qwen3-0.6B')).parameters).toBe(596_049_920);
    expect(asked()).toEqual([
      'GET /Qwen/Qwen3-0.6B/resolve/*/config.json',
      'GET /Qwen/Qwen3-0.6B/resolve/*/model.safetensors',
      'GET /Qwen/Qwen3-0.6B/resolve/*/tokenizer_config.json',
      'GET /api/models/Qwen/Qwen3-0.6B?blobs=true',
      'GET /cdn/*?signature=*',
    ]);
  });

  it('of four shards with eight more, and without their index', async () => {
    expect((await facts('Qwen/Qwen3-8B')).parts).toMatchObject({ embeddings: 622_329_856, output: 622_329_856 });
    expect(asked()).toHaveLength(3 + 2 * 4);
    expect(asked().filter((request) => request.includes('index.json'))).toEqual([]);
  });

  it('gives the same file to all who ask, at one request', async () => {
    const files = await open('tester/whole');
    const texts = await Promise.all([files.text('tokenizer.json'), files.json('tokenizer.json'), files.json('none')]);
    expect(texts).toEqual(['{}', {}, null]);
    expect(asked()).toHaveLength(2);
  });

  it('may have figures in its configuration that only Python writes', async () => {
    const limit = { time_step_limit: [0, Number.POSITIVE_INFINITY] };
    expect(await (await open('tester/python')).json('config.json')).toEqual(limit);
    writeFileSync(join(folder, 'config.json'), PYTHON_CONFIG);
    expect(await (await openModelFolder(folder)).json('config.json')).toEqual(limit);
  });

  it('with a long header takes another request for the rest of it', async () => {
    const files = await open('tester/long');
    expect(await files.weights()).toHaveLength(1500);
    expect(asked().filter((request) => request.includes('/cdn/'))).toHaveLength(2);
  });

  it('whose shards have other names is read by its index', async () => {
    expect((await (await open('tester/odd-names')).weights())?.map(({ name }) => name)).toEqual(['a', 'a']);
  });

  it.each([
    ['whose index names a file that is not there', 'tester/half', 'missing_weights', /1 of its 2 .* part-two/],
    ['whose file is cut', 'tester/cut', 'broken_weights', /3 bytes are too few/],
  ])('%s', async (_, id, code, message) => {
    await expect(facts(id)).rejects.toMatchObject({ kind: 'usage', code, message: expect.stringMatching(message) });
  });
});

describe('a model that is not open', () => {
  it.each([
    ['gated, without a token', 'tester/at-once', false, 'gated_model', /\/tester\/at-once, and log in/],
    [
      'gated, with one that is not let in',
      'tester/at-once',
      true,
      'gated_model',
      /Accept them at http.*\/tester\/at-once/,
    ],
    ['gated by hand', 'tester/manual', true, 'gated_model', /wait for its authors/],
    ['private, without a token', 'tester/secret', false, 'not_logged_in', /Log in/],
  ])('%s', async (_, id, known, code, hint) => {
    await expect(facts(id, known ? stranger : undefined)).rejects.toMatchObject({
      kind: 'auth',
      code,
      hint: expect.stringMatching(hint),
    });
  });

  it('private, of somebody else', async () => {
    await expect(facts('tester/secret', stranger)).rejects.toMatchObject({ kind: 'usage', code: 'not_found' });
  });

  it('gated or private is open to its owner', async () => {
    for (const id of ['tester/manual', 'tester/secret']) {
      expect((await facts(id, hub.tokens.read)).parameters).toBe(SMALL.parameters);
    }
  });
});

describe('the same in a folder', () => {
  it('has the same facts, and says what is cut', async () => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(SMALL.config));
    const stored = await hub.readFile('model', 'tester/whole', 'model.safetensors');
    const weights = join(folder, 'model.safetensors');
    writeFileSync(weights, stored);
    const read = async () => readModelFacts(await openModelFolder(folder), () => Promise.reject(new Error('no base')));
    const { parts, parameters } = await read();
    expect({ parts, parameters }).toEqual({ parts: (await facts('tester/whole')).parts, parameters: SMALL.parameters });
    truncateSync(weights, stored.length - 7);
    await expect(read()).rejects.toMatchObject({
      code: 'broken_model',
      message: expect.stringMatching(/7 bytes of its tensors are missing/),
    });
  });
});
