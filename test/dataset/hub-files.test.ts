import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HubRequest } from '../../scripts/dataset/hub/split.ts';
import { hubSource } from '../../scripts/dataset/hub-source.ts';
import type { RowSource, SeenRow } from '../../scripts/dataset/rows.ts';
import { validateDataset } from '../../scripts/dataset/validate.ts';
import { type Hub, hubFromEnvironment } from '../../scripts/hub/client.ts';
import type { FileSource } from '../hub/blobs.ts';
import { startHub, type TestHub } from '../hub/server.ts';

/** What a sample sees where the dataset viewer can't: the repository's own files, by ranges. */

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
beforeEach(() => {
  hub.faults.clear();
  bytesSent = 0;
});
afterAll(() => hub.close());

const NOT_READY = { status: 500, code: 'ResponseNotReady', error: 'not ready yet' };
let made = 0;

/** A dataset whose viewer is not ready. */
async function repository(files: Record<string, FileSource>, card?: string): Promise<string> {
  const id = `tester/files-${made++}`;
  const readme = card === undefined ? {} : { 'README.md': `---\n${card}\n---\n` };
  await hub.addRepo({ type: 'dataset', id, files: { ...files, ...readme }, viewer: NOT_READY });
  return id;
}

/** Bytes of bodies that were announced. */
let bytesSent = 0;
const counting: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  bytesSent += Number(response.headers.get('content-length') ?? 0);
  return response;
};

/** What a last answer means is tested here, so nothing is tried again. */
const withoutRetries = (token?: string): Hub => ({
  ...hubFromEnvironment({ ...hub.environment(token), HF_TOKEN_PATH: '/nowhere' }),
  fetch: counting,
});

async function seen(
  id: string,
  request: Partial<HubRequest> = {},
  token?: string,
): Promise<{ source: RowSource; rows: SeenRow[]; numbers: number[] }> {
  const plain = { id, revision: null, config: undefined, split: undefined, full: false, viewer: {} };
  const source = await hubSource(withoutRetries(token), { ...plain, ...request });
  const rows: SeenRow[] = [];
  for await (const row of source.rows()) rows.push(row);
  return { source, rows, numbers: rows.map(({ row }) => Number(row.n)) };
}

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}`, import.meta.url));
const lines = (count: number, width = 10): string =>
  Array.from({ length: count }, (_, n) => `${JSON.stringify({ n, text: 'é'.repeat(width) })}\n`).join('');
const list = (count: number, text = 'x'): object[] => Array.from({ length: count }, (_, n) => ({ n, text }));
const MEGABYTE = 1 << 20;

describe('a split that is small', () => {
  it.each([
    ['jsonl', 'train.jsonl', lines(250)],
    ['lines under the name .json', 'train.json', lines(250)],
    ['a list', 'train.json', JSON.stringify(list(250))],
    ['csv', 'train.csv', `n,text\n${Array.from({ length: 250 }, (_, n) => `${n},"a, ""b""\nc"\n`).join('')}`],
    ['tsv', 'train.tsv', `n\ttext\n${Array.from({ length: 250 }, (_, n) => `${n}\ta, b\n`).join('')}`],
    ['gzip', 'train.jsonl.gz', gzipSync(lines(250))],
    ['lines under the name .json.gz', 'train.json.gz', gzipSync(lines(250))],
    ['a list in gzip', 'train.json.gz', gzipSync(JSON.stringify(list(250)))],
  ])('is read whole: %s', async (_, name, content) => {
    const { source, numbers } = await seen(await repository({ [name]: content }));
    expect(numbers).toEqual(Array.from({ length: 250 }, (_, n) => n));
    expect(source).toMatchObject({
      rows_total: 250,
      config: 'default',
      split: 'train',
      columns: [
        { name: 'n', type: 'int64' },
        { name: 'text', type: 'string' },
      ],
    });
    expect(source.notes[0]).toMatch(/repository's own files.*not ready yet/);
  });

  it('of several files is read in their order', async () => {
    const files = { 'train-1.jsonl': '{"n":2}\n', 'train-0.jsonl': '{"n":0}\n{"n":1}', 'test.jsonl': '{"n":9}\n' };
    const { source, numbers } = await seen(await repository(files));
    expect(numbers).toEqual([0, 1, 2]);
    expect(source.splits).toEqual([
      { name: 'train', rows: 3 },
      { name: 'test', rows: null },
    ]);
  });
});

describe('a large split', () => {
  it('of lines is seen at its beginning, middle and end, in a few MB', async () => {
    const count = 60_000;
    const { source, rows, numbers } = await seen(await repository({ 'train.jsonl': lines(count, 100) }));
    expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(numbers.slice(-100)).toEqual(Array.from({ length: 100 }, (_, n) => count - 100 + n));
    expect(Math.abs((numbers[150] ?? 0) - count / 2)).toBeLessThan(count / 100);
    expect(rows).toHaveLength(300);
    expect(new Set(rows.map(({ index }) => index)).size).toBe(300);
    // What a person is told of a row far on is about where it is.
    for (const { index, row } of rows) expect(Math.abs(index - Number(row.n))).toBeLessThan(count / 50);
    expect(source.rows_estimated).toBe(true);
    expect(Math.abs((source.rows_total ?? 0) - count)).toBeLessThan(count / 50);
    expect(source.splits[0]?.rows).toBeNull();
    expect(source.notes.join(' ')).toMatch(/about right, not exact.*is an estimate/);
    expect(bytesSent).toBeLessThan(8 * MEGABYTE);
  });

  it('of CSV with line breaks in its cells, too', async () => {
    const cell = '"say ""hi"",\nthen, go\nn,text\n1,2"';
    const rows = Array.from({ length: 150_000 }, (_, n) => `${n},${cell}\n`).join('');
    const { numbers, rows: all } = await seen(await repository({ 'train.csv': `n,text\n${rows}` }));
    expect(numbers).toHaveLength(300);
    expect(numbers.at(-1)).toBe(149_999);
    expect(Math.abs((numbers[150] ?? 0) - 75_000)).toBeLessThan(2_000);
    expect(new Set(all.map(({ row }) => row.text))).toEqual(new Set(['say "hi",\nthen, go\nn,text\n1,2']));
  });

  it('that is compressed is seen at its beginning, and says so', async () => {
    const rows = Array.from({ length: 40_000 }, (_, n) => ({ n, text: randomBytes(90).toString('base64') }));
    const noise = rows.map((row) => `${JSON.stringify(row)}\n`);
    const { source, numbers } = await seen(await repository({ 'train.jsonl.gz': gzipSync(noise.join('')) }));
    expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => n));
    expect(source.notes.join(' ')).toMatch(/Only the first rows/);
  });

  it('that is one JSON list is seen at its beginning', async () => {
    const long = JSON.stringify(list(50_000, `}],"\\${'x'.repeat(100)}`), null, 1);
    const { numbers } = await seen(await repository({ 'data.json': long }));
    expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => n));
    expect(bytesSent).toBeLessThan(8 * MEGABYTE);
  });

  it('that is one large JSON object is not read: load_dataset takes it as a single row', async () => {
    const object = JSON.stringify({ data: list(40_000, 'x'.repeat(400)) });
    const id = await repository({ 'data.json': object });
    await expect(seen(id)).rejects.toMatchObject({ code: 'file_too_large', message: /17 MB.*a single row/ });
    expect(bytesSent).toBeLessThan(4 * MEGABYTE);
  });

  it('of parquet is seen in row groups at its beginning, middle and end, with true numbers', async () => {
    const { source, rows, numbers } = await seen(
      await repository({ 'data/train-00000-of-00001.parquet': await fixture('groups.parquet') }),
    );
    expect(numbers).toEqual([0, 1500, 2500].flatMap((from) => Array.from({ length: 100 }, (_, n) => from + n)));
    expect(rows.map(({ index }) => index)).toEqual(numbers);
    expect(rows[0]?.row.messages).toEqual([
      { role: 'user', content: 'question 0' },
      { role: 'assistant', content: 'answer 0' },
    ]);
    expect(source).toMatchObject({
      rows_total: 3000,
      columns: [
        { name: 'messages', type: 'list<struct<role: string, content: string>>' },
        { name: 'n', type: 'int64' },
        { name: 'label', type: 'classlabel' },
      ],
    });
  });

  it('of parquet shards counts all of them', async () => {
    const shard = await fixture('groups.parquet');
    const names = Array.from({ length: 5 }, (_, n) => `data/train-0000${n}-of-00005.parquet`);
    const { source, rows } = await seen(await repository(Object.fromEntries(names.map((name) => [name, shard]))));
    expect(source.rows_total).toBe(15_000);
    expect([rows[0]?.index, rows[100]?.index, rows[200]?.index]).toEqual([0, 7500, 14_500]);
  });

  it('of more parquet shards than footers are worth reading for numbers the rows by their bytes', async () => {
    const shard = await fixture('groups.parquet');
    const names = Array.from({ length: 40 }, (_, n) => `data/train-000${n + 10}-of-00040.parquet`);
    const { source, rows } = await seen(await repository(Object.fromEntries(names.map((name) => [name, shard]))));
    expect(source).toMatchObject({ rows_total: 120_000, rows_estimated: true });
    expect([rows[0]?.index, rows[100]?.index, rows[200]?.index]).toEqual([0, 61_500, 119_500]);
    expect(source.notes.join(' ')).toMatch(/about right, not exact.*is an estimate/);
  });
});

describe('JSON files are told apart by what is in them, as load_dataset does', () => {
  it.each([
    ['one row', '{"n": 0}', [0]],
    ['one row and a line end', '{"n": 0}\n', [0]],
    ['one row over several lines', '{\n "n": 0\n}\n', [0]],
    ['an object with a list, which is one row', '{"data": [{"n": 1}, {"n": 2}], "n": 0}', [0]],
    ['blank lines first', '\ufeff\n\n{"n": 0}\n{"n": 1}\n', [0, 1]],
    ['a list behind blanks', '\ufeff \n[{"n": 0}, {"n": 1}]', [0, 1]],
  ])('%s', async (_, content, expected) => {
    const id = await repository({ 'train.json': content });
    expect((await seen(id)).numbers).toEqual(expected);
    const params = { reference: id, hub: withoutRetries(), cwd: '/', env: {} };
    const report = await validateDataset({ ...params, options: { full: true } });
    expect(report).toMatchObject({ rows_seen: expected.length, complete: true });
    const packed = await repository({ 'train.json.gz': gzipSync(content) });
    expect((await seen(packed)).numbers).toEqual(expected);
    const whole = await validateDataset({ ...params, reference: packed, options: { full: true } });
    expect(whole).toMatchObject({ rows_seen: expected.length, complete: true });
  });

  it('a plain file beside a compressed one', async () => {
    const files = { 'train-0.jsonl': lines(2), 'train-1.jsonl.gz': gzipSync(lines(2)) };
    expect((await seen(await repository(files))).numbers).toEqual([0, 1]);
  });

  it('half a character in a list', async () => {
    const id = await repository({ 'train.json': '[{"text": "a"}, {"text": "\\ud83d"}]' });
    await expect(seen(id)).rejects.toMatchObject({ code: 'broken_file', message: /item 1: holds half of a character/ });
  });

  it('columns with names that all objects have', async () => {
    const { rows, source } = await seen(await repository({ 'train.jsonl': '{"constructor":"a","n":0}\n{"n":1}\n' }));
    expect(source.columns).toEqual([
      { name: 'constructor', type: 'string' },
      { name: 'n', type: 'int64' },
    ]);
    expect(rows[1]?.row).toEqual({ constructor: null, n: 1 });
  });
});

describe('columns', () => {
  it('have the types that the card declares', async () => {
    const card = `dataset_info:
  features:
  - name: messages
    list:
    - name: role
      dtype: string
    - name: content
      dtype: string
  - name: picture
    dtype: image
  - name: tags
    sequence: string
  - name: kind
    dtype:
      class_label:
        names: {'0': a}
  splits:
  - name: train
    num_examples: 1`;
    const { source, rows } = await seen(
      await repository({ 'train.jsonl': '{"messages":[],"tags":["a"],"kind":0}\n' }, card),
    );
    expect(source.columns).toEqual([
      { name: 'messages', type: 'list<struct<role: string, content: string>>' },
      { name: 'picture', type: 'image' },
      { name: 'tags', type: 'list<string>' },
      { name: 'kind', type: 'classlabel' },
    ]);
    expect(rows[0]?.row.picture).toBeNull();
  });

  it('of CSV are what pandas makes of them', async () => {
    const csv = 'id,score,ok,text,empty\n1,0.5,True,NA,\n2,1,False,42nd,\n';
    const { rows } = await seen(await repository({ 'train.csv': csv }));
    expect(rows.map(({ row }) => row)).toEqual([
      { id: 1, score: 0.5, ok: true, text: null, empty: null },
      { id: 2, score: 1, ok: false, text: '42nd', empty: null },
    ]);
  });
});

describe('configs and splits', () => {
  const card = 'configs:\n- config_name: en\n  data_dir: en\n- config_name: de\n  data_dir: de';
  const files = { 'en/train.jsonl': '{"n":1}\n', 'de/train.jsonl': '{"n":2}\n', 'de/test.jsonl': '{"n":3}\n' };

  it('are those of load_dataset', async () => {
    const id = await repository(files, card);
    expect((await seen(id, { config: 'de', split: 'test' })).numbers).toEqual([3]);
    await expect(seen(id)).rejects.toMatchObject({ code: 'ambiguous_config', hint: expect.stringContaining('en, de') });
    await expect(seen(id, { config: 'fr' })).rejects.toMatchObject({ code: 'unknown_config' });
    await expect(seen(id, { config: 'en', split: 'test' })).rejects.toMatchObject({ code: 'unknown_split' });
  });

  it('of another revision are read from it', async () => {
    const id = await repository({ 'train.jsonl': '{"n":1}\n' });
    const sha = hub.repo('dataset', id)?.resolve('main')?.sha ?? '';
    expect((await seen(id, { revision: sha })).source.revision).toBe(sha);
  });
});

describe('a dataset that the viewer shows', () => {
  async function shown(files: Record<string, FileSource>): Promise<string> {
    const id = `tester/shown-${made++}`;
    await hub.addRepo({ type: 'dataset', id, files });
    return id;
  }

  it('with long cells cut is read from its files, where they are whole', async () => {
    const content = Array.from({ length: 150 }, (_, n) => `${JSON.stringify({ n, parts: ['x'.repeat(20_000)] })}\n`);
    const { source, rows, numbers } = await seen(await shown({ 'train.jsonl': content.join('') }));
    expect(numbers).toEqual(Array.from({ length: 150 }, (_, n) => n));
    expect(new Set(rows.map(({ row }) => JSON.stringify(row.parts).length))).toEqual(new Set([20_004]));
    expect(source.notes[0]).toMatch(/cuts long cells/);
  });

  it('has as many rows as the viewer counted, where its files would only be estimated', async () => {
    const content = Array.from(
      { length: 900 },
      (_, n) => `${JSON.stringify({ n, parts: ['x'.repeat(20_000 + 40 * n)] })}\n`,
    );
    const id = await shown({ 'train.jsonl': content.join('') });
    const { source } = await seen(id);
    expect(source).toMatchObject({ rows_total: 900, splits: [{ name: 'train', rows: 900 }] });
    expect(source).not.toHaveProperty('rows_estimated');
    expect(source.notes.join(' ')).not.toMatch(/How many rows/);
    // The viewer says nothing of the commit, and the default branch has another count.
    const old = hub.repo('dataset', id)?.resolve('main')?.sha ?? '';
    const silent = async (): Promise<RowSource> => {
      const { fetch: asked, ...rest } = withoutRetries();
      const fetchSilently: typeof fetch = async (input, init) => {
        const response = await asked(input, init);
        const headers = new Headers(response.headers);
        headers.delete('x-revision');
        return new Response(response.body, { status: response.status, headers });
      };
      const request = { id, revision: old, config: undefined, split: undefined, full: false, viewer: {} };
      return hubSource({ ...rest, fetch: fetchSilently }, request);
    };
    expect(await silent()).toMatchObject({ rows_estimated: true });
  });

  it('is read to its last row from its files with --full', async () => {
    const report = await validateDataset({
      reference: await shown({ 'data/train-00000-of-00001.parquet': await fixture('groups.parquet') }),
      options: { full: true, method: 'sft', map: ['messages=messages'] },
      hub: withoutRetries(),
      cwd: '/nowhere',
      env: {},
    });
    expect(report).toMatchObject({ rows_total: 3000, rows_seen: 3000, complete: true, source: 'hub' });
    expect(report.methods.sft?.verdict).toBe('READY');
  });
});
