import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await hub.addRepo({ type: 'model', id: 'tester/model', files: { 'a.txt': 'x'.repeat(1000) } });
});
beforeEach(() => hub.faults.clear());
afterAll(() => hub.close());

const FILE = '/tester/model/resolve/main/a.txt';
const get = (path: string): Promise<Response> => fetch(hub.url + path);

function create(name: string): Promise<Response> {
  const headers = { authorization: `Bearer ${hub.tokens.write}` };
  return fetch(`${hub.url}/api/repos/create`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name, type: 'model' }),
  });
}

it('answers with a status as often as asked', async () => {
  hub.faults.add({ path: /hardware/, times: 2, mishap: { status: 503, code: 'Busy' } });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await get('/api/jobs/hardware')).status);
  expect(statuses).toEqual([503, 503, 200]);
});

it('drops a connection before anything is done', async () => {
  hub.faults.add({ method: 'POST', path: /create/, mishap: 'drop-before' });
  await expect(create('never')).rejects.toThrow();
  expect(hub.repo('model', 'tester/never')).toBeUndefined();
});

it('does the work and loses the answer', async () => {
  hub.faults.add({ method: 'POST', path: /create/, mishap: 'drop-after' });
  await expect(create('lost')).rejects.toThrow();
  expect(hub.repo('model', 'tester/lost')).toBeDefined();
  expect((await create('lost')).status).toBe(409);
});

it('cuts an answer short', async () => {
  hub.faults.add({ path: /a\.txt/, mishap: { truncate: 100 } });
  const response = await get(FILE);
  expect(response.headers.get('content-length')).toBe('1000');
  await expect(response.text()).rejects.toThrow();
  expect(await (await get(FILE)).text()).toHaveLength(1000);
});

it('lets some pass first', async () => {
  hub.faults.add({ path: /hardware/, after: 2, mishap: { status: 503 } });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await get('/api/jobs/hardware')).status);
  expect(statuses).toEqual([200, 200, 503, 200]);
});

it('never answers', async () => {
  hub.faults.add({ path: /hardware/, mishap: 'hang' });
  const signal = AbortSignal.timeout(300);
  await expect(fetch(`${hub.url}/api/jobs/hardware`, { signal })).rejects.toThrow(/timeout/i);
  expect((await get('/api/jobs/hardware')).status).toBe(200);
});

it.each([0, 100_000])('cuts an upload after %i bytes', async (cutUpload) => {
  hub.faults.add({ method: 'POST', path: /commit/, mishap: { cutUpload } });
  const header = JSON.stringify({ key: 'header', value: { summary: 'x' } });
  const content = Buffer.from('y'.repeat(300_000)).toString('base64');
  const body = `${header}\n${JSON.stringify({ key: 'file', value: { path: 'b.txt', content, encoding: 'base64' } })}`;
  const headers = { authorization: `Bearer ${hub.tokens.write}` };
  const commit = () => fetch(`${hub.url}/api/models/tester/model/commit/main`, { method: 'POST', headers, body });
  await expect(commit()).rejects.toThrow();
  expect(hub.repo('model', 'tester/model')?.resolve('main')?.files.has('b.txt')).toBe(false);
});

it('answers late', async () => {
  hub.faults.add({ path: /hardware/, mishap: { delayMs: 150 } });
  const before = performance.now();
  expect((await get('/api/jobs/hardware')).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(140);
});

it('keeps what was asked, without tokens', async () => {
  await create('recorded');
  expect(hub.requests.at(-1)).toEqual({ method: 'POST', path: '/api/repos/create', authorized: true, status: 200 });
  await get(FILE);
  expect(hub.requests.at(-1)).toMatchObject({ authorized: false, status: 200 });
  for (const token of Object.values(hub.tokens)) expect(JSON.stringify(hub.requests)).not.toContain(token);
});
