import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Hub, hubFromEnvironment } from '../../scripts/hub/client.ts';
import { datasetFile } from '../../scripts/hub/datasets.ts';
import { type RemoteFile, remoteFile } from '../../scripts/hub/remote-file.ts';
import { startHub, type TestHub } from './server.ts';

const CONTENT = randomBytes(300_000);
const ID = 'tester/private-bytes';

let server: TestHub;
let hub: Hub;
let file: RemoteFile;
beforeAll(async () => {
  server = await startHub();
  // Binary, so it is in LFS: the Hub redirects to another origin.
  await server.addRepo({ type: 'dataset', id: ID, private: true, files: { 'a b/data?.parquet': CONTENT } });
});
beforeEach(() => {
  server.faults.clear();
  server.requests.length = 0;
  const environment = { ...server.environment(server.tokens.read), HF_TOKEN_PATH: '/nowhere' };
  hub = hubFromEnvironment(environment, globalThis.fetch, 5);
  const sha = server.repo('dataset', ID)?.resolve('main')?.sha ?? '';
  file = datasetFile(hub, { id: ID, sha, path: 'a b/data?.parquet', size: CONTENT.length }, { patience: 300 });
});
afterAll(() => server.close());

const whole = async (from: RemoteFile): Promise<Buffer> => Buffer.from(await from.slice(0));

describe('a file of a private dataset', () => {
  it.each([
    [0, 10],
    [100_000, 250_000],
    [299_990, 400_000],
    [5, 5],
    [299_999, undefined],
  ])('gives the bytes from %i to %s', async (start, end) => {
    expect(Buffer.from(await file.slice(start, end))).toEqual(CONTENT.subarray(start, end));
  });

  it('is read whole', async () => expect((await whole(file)).equals(CONTENT)).toBe(true));

  it('shows its token to the Hub alone, and asks the storage directly once it knows the way', async () => {
    await file.slice(0, 10);
    await file.slice(20, 30);
    expect(server.requests.map(({ path, authorized, status }) => [path.split('/')[1], authorized, status])).toEqual([
      ['datasets', true, 302],
      ['cdn', false, 206],
      ['cdn', false, 206],
    ]);
  });

  it('asks for the way again when the signed address has expired', async () => {
    await file.slice(0, 10);
    server.faults.add({ path: /^\/cdn/, mishap: { status: 403 } });
    expect(Buffer.from(await file.slice(20, 30))).toEqual(CONTENT.subarray(20, 30));
  });

  it.each([
    ['a connection that breaks', { truncate: 70_000 }],
    ['an answer that is late', { delayMs: 50 }],
    ['a busy server', { status: 503 }],
  ] as const)('goes on after %s', async (_, mishap) => {
    server.faults.add({ path: /^\/cdn/, times: 2, mishap });
    expect((await whole(file)).equals(CONTENT)).toBe(true);
  });

  it('says so where it never comes to its end', async () => {
    server.faults.add({ path: /^\/cdn/, times: 99, mishap: { truncate: 1 } });
    server.faults.add({ path: /^\/cdn/, times: 99, mishap: 'drop-after' });
    await expect(file.slice(0, 100)).rejects.toMatchObject({ kind: 'network' });
  });

  it('is not read without a token, or where another size comes', async () => {
    const sha = server.repo('dataset', ID)?.resolve('main')?.sha ?? '';
    const at = { id: ID, sha, path: 'a b/data?.parquet', size: CONTENT.length };
    await expect(datasetFile({ ...hub, token: null }, at).slice(0, 5)).rejects.toMatchObject({ code: 'not_logged_in' });
    await expect(datasetFile(hub, { ...at, size: 7 }).slice(0, 5)).rejects.toMatchObject({ code: 'bad_answer' });
    await expect(datasetFile(hub, { ...at, path: 'gone' }).slice(0, 5)).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('reads from a server that knows no ranges, and never sends it the token', async () => {
  const tokens: unknown[] = [];
  const plain = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.end(CONTENT);
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const address = plain.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const other = remoteFile(hub, { name: 'x', url: `http://127.0.0.1:${port}/x`, byteLength: CONTENT.length });
  expect(Buffer.from(await other.slice(1000, 2000))).toEqual(CONTENT.subarray(1000, 2000));
  expect((await whole(other)).equals(CONTENT)).toBe(true);
  plain.closeAllConnections();
  plain.close();
  expect(tokens).toEqual([undefined, undefined]);
});

it('goes on where the bytes stop coming', async () => {
  let asked = 0;
  const stalling = createServer((request, response) => {
    asked += 1;
    const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1]);
    response.writeHead(206, { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` });
    if (asked === 1) response.write(CONTENT.subarray(from, from + 1000));
    else response.end(CONTENT.subarray(from));
  });
  await new Promise<void>((resolve) => stalling.listen(0, '127.0.0.1', resolve));
  const address = stalling.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/x`;
  const slow = remoteFile(hub, { name: 'x', url, byteLength: CONTENT.length }, { patience: 100 });
  expect((await whole(slow)).equals(CONTENT)).toBe(true);
  expect(asked).toBe(2);
  stalling.closeAllConnections();
  stalling.close();
});
