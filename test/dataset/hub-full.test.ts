import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import { type ValidateParams, validateDataset } from '../../scripts/dataset/validate.ts';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import type { FileSource } from '../hub/blobs.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { threadEntry } from './support.ts';

/** Every row of a Hub dataset: which bytes are asked for, and how many at once. */

const folder = mkdtempSync(join(tmpdir(), 'hub-full-'));
let hub: TestHub;
let entry: string;
let wide: Buffer;
beforeAll(async () => {
  hub = await startHub({ latencyMs: 20 });
  entry = await threadEntry(folder);
  wide = await readFile(new URL('fixtures/parquet-odd/wide.parquet', import.meta.url));
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

const NOT_READY = { status: 500, code: 'ResponseNotReady', error: 'not ready yet' };
const KILOBYTE = 1 << 10;
let made = 0;

async function repository(files: Record<string, FileSource>): Promise<{ id: string; bytes: number }> {
  const id = `tester/full-${made++}`;
  await hub.addRepo({ type: 'dataset', id, files, viewer: NOT_READY });
  const bytes = Object.values(files).reduce((sum, file) => sum + Buffer.from(file as string).length, 0);
  return { id, bytes };
}

/** Answers with a body of a file: bytes in all, of the largest, how many were under way at once. */
let traffic = { bytes: 0, largest: 0, atOnce: 0 };
let underWay = 0;
/** In the place of the dataset viewer, which says of a dataset's parquet copy what this has. */
let copy: (() => Response) | null;
beforeEach(() => {
  traffic = { bytes: 0, largest: 0, atOnce: 0 };
  copy = null;
});
const counting: typeof fetch = async (input, init) => {
  if (copy && String(input).includes('/parquet?')) return copy();
  if (!String(input).includes('/resolve/') && !new Headers(init?.headers).has('range')) return fetch(input, init);
  underWay += 1;
  traffic.atOnce = Math.max(traffic.atOnce, underWay);
  try {
    const response = await fetch(input, init);
    const bytes = Number(response.headers.get('content-length'));
    traffic.bytes += bytes;
    traffic.largest = Math.max(traffic.largest, bytes);
    return response;
  } finally {
    underWay -= 1;
  }
};

const validate = (reference: string, more: Partial<ValidateParams> = {}): Promise<DatasetReport> =>
  validateDataset({
    reference,
    options: { full: true, method: 'sft', map: ['messages=messages'] },
    hub: { ...hubFromEnvironment({ ...hub.environment(), HF_TOKEN_PATH: '/nowhere' }), fetch: counting },
    cwd: '/nowhere',
    env: {},
    ...more,
  });

const lines = (count: number): string =>
  Array.from({ length: count }, (_, n) => `${JSON.stringify({ messages: talk(n), n })}\n`).join('');
const talk = (n: number) => [
  { role: 'user', content: `question ${n} ${'why '.repeat(60)}` },
  { role: 'assistant', content: `answer ${n}` },
];

describe('parquet shards', () => {
  const SHARDS = 8;
  const shards = (): Record<string, FileSource> =>
    Object.fromEntries(
      Array.from({ length: SHARDS }, (_, n) => [`data/train-0000${n}-of-0000${SHARDS}.parquet`, wide] as const),
    );

  it.each([
    ['this thread', () => undefined],
    ['three threads', () => ({ entry, count: 3, from: 0 })],
  ])('by %s: only the bytes of the columns that train, several at once, each footer once', async (_, threads) => {
    const { id, bytes } = await repository(shards());
    const report = await validate(id, { threads: threads() });
    expect(report).toMatchObject({ rows_total: 960, rows_seen: 960, complete: true, source: 'hub' });
    expect(report.methods.sft).toMatchObject({ verdict: 'READY', invalid_rows: 0 });
    expect(report.columns.map(({ name }) => name)).toEqual(['noise', 'messages', 'more_noise']);
    // The footers come with what is before them, the first rows with all their columns; the messages take 2 % of it.
    const FOOTERS = SHARDS * 64 * KILOBYTE;
    expect(traffic.bytes).toBeLessThan(FOOTERS + 400 * KILOBYTE);
    expect(traffic.bytes).toBeLessThan(bytes / 2);
    expect(traffic.atOnce).toBeGreaterThan(1);
  });

  it('that the dataset viewer made are read in the place of files that are none', async () => {
    const { id: elsewhere } = await repository({ 'train.parquet': wide });
    const { id } = await repository({ 'train.jsonl': lines(1), 'README.md': '# x' });
    const sha = hub.repo('dataset', id)?.resolve('main')?.sha ?? '';
    const file = { url: `${hub.url}/datasets/${elsewhere}/resolve/main/train.parquet`, filename: '0000.parquet' };
    const answer = (more: object, revision: string) => () =>
      Response.json(
        { parquet_files: [{ ...file, config: 'default', split: 'train', size: wide.length }], partial: false, ...more },
        { headers: { 'x-revision': revision } },
      );
    copy = answer({}, sha);
    const report = await validate(id);
    expect(report).toMatchObject({ rows_seen: 120, complete: true, revision: sha });
    expect(report.notes).toEqual(['The rows come from the parquet files that the dataset viewer made.']);
    // Where it is only a part, or of another commit, the files themselves are read.
    for (const other of [
      answer({ partial: true }, sha),
      answer({}, 'f'.repeat(40)),
      answer({ parquet_files: [] }, sha),
    ]) {
      copy = other;
      expect(await validate(id)).toMatchObject({ rows_seen: 1, complete: true, notes: [] });
    }
  });
});

describe('lines', () => {
  it.each([
    ['this thread', () => undefined],
    ['three threads', () => ({ entry, count: 3, from: 0 })],
  ])('by %s: each byte once, a little at a time, several at once', async (_, threads) => {
    const content = lines(70_000);
    const { id, bytes } = await repository({ 'train.jsonl': content });
    expect(bytes).toBeGreaterThan(16 << 20);
    const report = await validate(id, { threads: threads() });
    expect(report).toMatchObject({ rows_total: 70_000, rows_seen: 70_000, complete: true });
    expect(traffic.bytes).toBeLessThan(bytes * 1.03);
    expect(traffic.largest).toBeLessThanOrEqual(2 << 20);
    expect(traffic.atOnce).toBeGreaterThan(1);
  });

  it('of many files are read several at once', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`train-${n}.jsonl`, lines(10)] as const));
    const report = await validate((await repository(files)).id);
    expect(report).toMatchObject({ rows_seen: 200, complete: true });
    expect(traffic.atOnce).toBeGreaterThan(1);
  });

  it('with a broken one among them say where', async () => {
    const { id } = await repository({ 'train-1.jsonl': lines(10), 'train-2.jsonl': `${lines(6)}{"messages": [\n` });
    await expect(validate(id, { threads: { entry, count: 2, from: 0 } })).rejects.toMatchObject({
      code: 'broken_file',
      message: expect.stringMatching(/^train-2\.jsonl line 7: is not JSON/),
    });
  });
});

it('a connection that breaks is taken up where it broke', async () => {
  const { id } = await repository({ 'train.jsonl': lines(2000) });
  hub.faults.add({ path: /\/resolve\//, times: 2, mishap: { truncate: 5000 } });
  expect(await validate(id)).toMatchObject({ rows_seen: 2000, complete: true });
  hub.faults.clear();
});
