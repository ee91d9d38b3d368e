import { describe, expect, it } from 'vitest';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import { type ValidateOptions, validateDataset } from '../../scripts/dataset/validate.ts';
import type { Hub } from '../../scripts/hub/client.ts';

const SHA = '1'.repeat(40);
const STRING = { _type: 'Value', dtype: 'string' };
const TALK = { _type: 'List', feature: { role: STRING, content: STRING } };
const talk = (text: string) => [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: text },
];

interface Served {
  features?: Record<string, unknown>;
  rows?: Record<string, unknown>[];
  truncated?: Record<number, string[]>;
  /** What a cut row is when it is asked for alone. */
  alone?: Record<number, Record<string, unknown>>;
  splits?: [config: string, split: string][];
  partial?: boolean;
  card?: unknown;
  /** Answers by the last part of the path, instead of the ordinary ones. */
  answers?: Record<string, Response | (() => Response | Promise<Response>)>;
}

const reply = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { headers });
const refuse = (status: number, code: string, error = 'server words'): (() => Response) => {
  return () => new Response(JSON.stringify({ error }), { status, headers: { 'x-error-code': code } });
};

/** The dataset viewer's answers, in the shapes of the real one. */
function served(data: Served): { fetch: typeof fetch; asked: string[] } {
  const { rows = [{ messages: talk('a') }], features = { messages: TALK }, splits = [['default', 'train']] } = data;
  const asked: string[] = [];
  const names = Object.entries(features).map(([name, type], feature_idx) => ({ feature_idx, name, type }));
  const page = (offset: number, length: number) => ({
    features: names,
    rows: rows.slice(offset, offset + length).map((row, index) => {
      const alone = length === 1 ? data.alone?.[offset + index] : undefined;
      const truncated_cells = alone ? [] : (data.truncated?.[offset + index] ?? []);
      return { row_idx: offset + index, row: alone ?? row, truncated_cells };
    }),
    num_rows_total: rows.length,
    num_rows_per_page: 100,
    partial: data.partial ?? false,
  });
  const ordinary: Record<string, (query: URLSearchParams) => unknown> = {
    splits: () => ({
      splits: splits.map(([config, split]) => ({ dataset: 'o/d', config, split })),
      pending: [],
      failed: [],
    }),
    size: () => ({
      size: { splits: splits.map(([config, split]) => ({ config, split, num_rows: rows.length })) },
      partial: data.partial ?? false,
    }),
    rows: (query) => page(Number(query.get('offset')), Number(query.get('length'))),
    'first-rows': () => ({ ...page(0, 100), num_rows_total: undefined, truncated: false }),
    d: () => ({ id: 'o/d', sha: SHA, private: false, cardData: data.card }),
  };
  return {
    asked,
    fetch: async (input, init) => {
      const url = new URL(String(input));
      asked.push(`${url.pathname}${url.search}`);
      const verb = url.pathname.split('/revision/')[0]?.split('/').at(-1) ?? '';
      const special = data.answers?.[verb];
      if (special) {
        const hangs = new Promise<never>((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
        return Promise.race([typeof special === 'function' ? special() : special.clone(), hangs]);
      }
      return reply(ordinary[verb]?.(url.searchParams), { 'x-revision': SHA });
    },
  };
}

/** Without the retries of the real one: what a last answer means is tested here. */
const hubAnswering = (fetch: typeof globalThis.fetch, token?: string): Hub => ({
  endpoint: 'https://huggingface.co',
  datasetsServer: 'https://viewer.invalid',
  token: token ?? null,
  fetch,
});

function validate(
  data: Served,
  options: ValidateOptions & { reference?: string; token?: string; patience?: number } = {},
): Promise<DatasetReport> {
  const { reference = 'o/d', token, patience, ...rest } = options;
  return validateDataset({
    reference,
    options: rest,
    hub: hubAnswering(served(data).fetch, token),
    cwd: '/nowhere',
    env: {},
    patience,
  });
}

describe('a Hub dataset', () => {
  it('is seen through the viewer, at a commit', async () => {
    const report = await validate({ rows: [{ messages: talk('a') }, { messages: null }] });
    expect(report).toMatchObject({
      dataset: 'o/d',
      source: 'hub',
      revision: SHA,
      fingerprint: null,
      files: [],
      config: 'default',
      split: 'train',
      splits: [{ name: 'train', rows: 2 }],
      rows_total: 2,
      rows_seen: 2,
      complete: true,
      columns: [{ name: 'messages', type: 'list<struct<role: string, content: string>>' }],
      notes: [],
    });
    expect(report.methods.sft).toMatchObject({
      verdict: 'INCOMPATIBLE',
      findings: [{ code: 'null_value', rows: [1] }],
    });
  });

  it.each([
    'o/d',
    'hf://datasets/o/d',
    'https://huggingface.co/datasets/o/d',
    'https://huggingface.co/datasets/o/d/viewer/default/train?p=2',
  ])('is called %s', async (reference) => expect((await validate({}, { reference })).dataset).toBe('o/d'));

  it('is sampled from the beginning, the middle and the end', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => ({
      messages: [450, 999].includes(index) ? [] : talk('a'),
    }));
    const report = await validate({ rows }, { dropInvalid: true });
    expect(report).toMatchObject({ rows_total: 1000, rows_seen: 300, complete: false });
    expect(report.methods.sft).toMatchObject({
      verdict: 'READY',
      invalid_rows: 2,
      findings: [{ kind: 'drops', rows: [450, 999] }],
    });
    expect(report.notes).toEqual(['The rows left out are those of the sample; the split may have more.']);
  });

  it.each([
    [100, []],
    [101, [100]],
    [300, [100, 200]],
    [301, [100, 201]],
    [47_780, [23_840, 47_680]],
  ])('of %s rows has the further pages %j', async (count, offsets) => {
    const { asked, fetch } = served({ rows: Array.from({ length: count }, () => ({ messages: talk('a') })) });
    await validateDataset({ reference: 'o/d', hub: hubAnswering(fetch), cwd: '/nowhere', env: {} });
    const pages = asked.flatMap((path) => /[?&]offset=(\d+)/.exec(path)?.[1] ?? []).map(Number);
    expect(pages).toEqual([0, ...offsets]);
  });

  it('is read whole with --full', async () => {
    const rows = Array.from({ length: 950 }, () => ({ messages: talk('a') }));
    expect(await validate({ rows }, { full: true })).toMatchObject({ rows_seen: 950, complete: true });
  });

  it('needs requests three deep at the most', async () => {
    const { fetch, asked } = served({ rows: Array.from({ length: 1000 }, () => ({ messages: talk('a') })) });
    let waiting: (() => void)[] = [];
    let depth = 0;
    // Whatever is asked before an answer comes is one step deep.
    const stepwise: typeof globalThis.fetch = async (input, init) => {
      await new Promise<void>((go) => waiting.push(go));
      return fetch(input, init);
    };
    const steps = setInterval(() => {
      const released = waiting;
      waiting = [];
      if (released.length > 0) depth += 1;
      for (const go of released) go();
    }, 10);
    await validateDataset({ reference: 'o/d', hub: hubAnswering(stepwise), cwd: '/nowhere', env: {} });
    clearInterval(steps);
    expect(asked).toHaveLength(6);
    expect(depth).toBe(3);
  });

  it('has cells that the viewer cuts: those rows are not judged by their halves', async () => {
    const report = await validate({
      rows: [{ messages: talk('a') }, { messages: '[{"role": "user", "cont' }],
      truncated: { 1: ['messages'] },
    });
    expect(report.methods.sft).toMatchObject({
      verdict: 'READY',
      invalid_rows: 0,
      findings: [{ kind: 'note', code: 'cells_cut', rows: [1] }],
    });
  });

  it('has a text that the viewer cuts: it is still text', async () => {
    const report = await validate({
      features: { text: STRING },
      rows: [{ text: 'The beginn' }],
      truncated: { 0: ['text'] },
    });
    expect(report.methods.sft).toMatchObject({ verdict: 'READY', findings: [] });
  });

  it('reads some of the cut rows again, alone, and they tell how long such rows are', async () => {
    const cut = Array.from({ length: 8 }, () => ({ messages: '[{"role": "user", "cont' }));
    const report = await validate({
      rows: [{ messages: talk('a') }, ...cut],
      truncated: Object.fromEntries(cut.map((_, index) => [index + 1, ['messages']])),
      alone: Object.fromEntries(cut.map((_, index) => [index + 1, { messages: talk('x'.repeat(4000)) }])),
    });
    expect(report.methods.sft).toMatchObject({ verdict: 'READY', findings: [{ code: 'cells_cut', count: 4 }] });
    // Eight of nine rows are long, although four of them were seen.
    expect(report.tokens?.p50).toBeGreaterThan(1000);
    expect(report.tokens?.total).toBeGreaterThan(8000);
  });

  it('that the viewer has read in part has no known size', async () => {
    const report = await validate({ partial: true });
    expect(report).toMatchObject({ rows_total: null, complete: false });
    expect(report.notes).toHaveLength(2);
  });

  it('whose viewer is behind says so', async () => {
    const report = await validate({ answers: { d: reply({ id: 'o/d', sha: '2'.repeat(40) }) } });
    expect(report).toMatchObject({ revision: '2'.repeat(40), notes: [expect.stringContaining('22222222')] });
  });

  it('without a parquet copy is seen by its first rows', async () => {
    const report = await validate({ answers: { rows: refuse(501, 'NotImplemented') } });
    expect(report).toMatchObject({
      rows_seen: 1,
      rows_total: 1,
      notes: [expect.stringContaining('only the first rows')],
    });
  });
});

describe('configurations and splits', () => {
  const many: Served = {
    splits: [
      ['en', 'train'],
      ['de', 'train'],
      ['de', 'test'],
    ],
  };
  it.each([
    [many, {}, 'ambiguous_config', '--config: en, de'],
    [many, { config: 'fr' }, 'unknown_config', '--config: en, de'],
    [many, { config: 'de', split: 'dev' }, 'unknown_split', '--split: train, test'],
    [
      {
        splits: [
          ['default', 'a'],
          ['default', 'b'],
        ],
      } satisfies Served,
      {},
      'ambiguous_split',
      '--split: a, b',
    ],
  ])('%#: %j %j', async (data, options, code, hint) => {
    await expect(validate(data, options)).rejects.toMatchObject({
      kind: 'usage',
      code,
      hint: expect.stringContaining(hint),
    });
  });

  it.each([
    [many, { config: 'de' }, 'de', 'train'],
    [many, { config: 'de', split: 'test' }, 'de', 'test'],
    [
      {
        splits: [
          ['x', 'train'],
          ['default', 'train'],
        ],
      } satisfies Served,
      {},
      'default',
      'train',
    ],
    [{ splits: [['only', 'dev']] } satisfies Served, {}, 'only', 'dev'],
  ])('%#: %j %j', async (data, options, config, split) => {
    expect(await validate(data, options)).toMatchObject({ config, split });
  });
});

describe('the configuration that the card marks', () => {
  const splits: Served['splits'] = [
    ['a', 'train'],
    ['b', 'train'],
  ];
  it.each([
    [{ configs: [{ config_name: 'a' }, { config_name: 'b', default: true }] }, 'b'],
    [{ configs: [{ config_name: 'gone', default: true }] }, null],
    [{ configs: 'nonsense' }, null],
    ['nonsense', null],
  ])('%j', async (card, config) => {
    const report = validate({ splits, card });
    if (config) expect((await report).config).toBe(config);
    else await expect(report).rejects.toMatchObject({ code: 'ambiguous_config' });
  });
});

describe('a Hub dataset that can not be validated', () => {
  it.each([
    [
      'does not exist',
      { d: refuse(404, 'RepoNotFound'), splits: refuse(404, 'X') },
      'usage',
      'not_found',
      /Check the name/,
    ],
    [
      'private, no token',
      { d: refuse(401, 'RepoNotFound'), splits: refuse(401, 'X') },
      'auth',
      'not_logged_in',
      /hf auth login/,
    ],
    [
      'gated, no token',
      { splits: refuse(401, 'ExternalUnauthenticatedError') },
      'auth',
      'not_logged_in',
      /hf auth login/,
    ],
    ['empty repository', { splits: refuse(404, 'EmptyDatasetError') }, 'data', 'empty_dataset', /another dataset/],
    ['viewer: 404', { splits: refuse(404, 'ResponseNotFound') }, 'network', 'viewer_not_ready', /hf download o\/d/],
    [
      'viewer: 422',
      { splits: refuse(422, 'MissingRequiredParameter') },
      'network',
      'viewer_not_ready',
      /hf download o\/d/,
    ],
    ['viewer: not JSON', { splits: () => new Response('<html>') }, 'network', 'bad_answer', /hf download o\/d/],
    [
      'viewer: half an answer',
      { rows: () => new Response('{"features": [') },
      'network',
      'bad_answer',
      /hf download o\/d/,
    ],
    ['viewer: another shape', { rows: () => reply({ rows: 5 }) }, 'network', 'bad_answer', /hf download o\/d/],
  ] as const)('%s', async (_, answers, kind, code, hint) => {
    await expect(validate({ answers })).rejects.toMatchObject({ kind, code, hint: expect.stringMatching(hint) });
  });

  it.each([
    ['500', { splits: refuse(500, 'UnexpectedError') }, 'viewer_not_ready', /HTTP 500, UnexpectedError, server words/],
    ['501 everywhere', { rows: refuse(501, 'X'), 'first-rows': refuse(501, 'X') }, 'viewer_not_ready', /HTTP 501/],
    ['429', { splits: refuse(429, '') }, 'rate_limited', /too many requests/],
  ] as const)('viewer: %s', async (_, answers, code, message) => {
    await expect(validate({ answers })).rejects.toMatchObject({
      kind: 'network',
      code,
      message: expect.stringMatching(message),
    });
  });

  it.each([403, 404])('gated and not accepted: %i', async (status) => {
    const answers = { splits: refuse(status, 'ExternalAuthenticatedError') };
    await expect(validate({ answers }, { token: 'hf_abcdefghijkl' })).rejects.toMatchObject({
      kind: 'auth',
      code: 'forbidden',
      hint: expect.stringContaining('Accept the conditions'),
    });
  });

  it('slow', async () => {
    const answers = { splits: () => new Promise<Response>(() => {}) };
    await expect(validate({ answers }, { patience: 50 })).rejects.toMatchObject({
      kind: 'network',
      code: 'viewer_slow',
    });
  });

  it('an empty split', async () => {
    await expect(validate({ rows: [] })).rejects.toMatchObject({ kind: 'data', code: 'empty_dataset' });
  });

  it('words of the server are escaped', async () => {
    const answers = { splits: refuse(422, 'X', '\u001b[31mred\u001b[0m') };
    await expect(validate({ answers })).rejects.toMatchObject({ message: expect.stringContaining('\\x1b[31mred') });
  });
});
