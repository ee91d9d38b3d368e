import * as hf from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
let stranger: string;
beforeAll(async () => {
  hub = await startHub();
  stranger = hub.addToken(hub.addUser('stranger'), 'write');
  const files = { 'a.txt': 'hello', 'data.jsonl': '{"a":1}\n', 'w.bin': 'weights' };
  await hub.addRepo({ type: 'dataset', id: 'tester/open', files });
  await hub.addRepo({ type: 'dataset', id: 'tester/private', private: true, files });
  await hub.addRepo({ type: 'dataset', id: 'tester/gated', gated: 'manual', files });
});
afterAll(() => hub.close());

type Who = 'nobody' | 'stranger' | 'reader' | 'owner' | 'wrong';

function get(path: string, who: Who, init: RequestInit = {}): Promise<Response> {
  const token = { nobody: null, stranger, reader: hub.tokens.read, owner: hub.tokens.write, wrong: 'hf_wrong' }[who];
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...init.headers };
  return fetch(hub.url + path, { ...init, headers });
}

const FILE = (repo: string): string => `/datasets/tester/${repo}/resolve/main/a.txt`;
const INFO = (repo: string): string => `/api/datasets/tester/${repo}`;
const ROWS = (repo: string): string => `/rows?dataset=tester/${repo}&config=default&split=train`;

describe('who may read what', () => {
  it.each<[Who, string, number, string | null]>([
    ['nobody', FILE('open'), 200, null],
    ['nobody', FILE('private'), 401, 'RepoNotFound'],
    ['stranger', FILE('private'), 404, 'RepoNotFound'],
    ['owner', FILE('private'), 200, null],
    ['reader', FILE('private'), 200, null],
    ['nobody', FILE('gated'), 401, 'GatedRepo'],
    ['stranger', FILE('gated'), 403, 'GatedRepo'],
    ['owner', FILE('gated'), 200, null],
    ['nobody', FILE('missing'), 401, 'RepoNotFound'],
    ['owner', FILE('missing'), 404, 'RepoNotFound'],
    ['wrong', FILE('open'), 401, null],
    ['nobody', INFO('private'), 401, 'RepoNotFound'],
    ['nobody', INFO('gated'), 200, null],
    ['nobody', '/datasets/tester/open/resolve/main/none', 404, 'EntryNotFound'],
    ['nobody', '/datasets/tester/open/resolve/none/a.txt', 404, 'RevisionNotFound'],
    ['nobody', ROWS('open'), 200, null],
    ['nobody', ROWS('gated'), 401, 'ExternalUnauthenticatedError'],
    ['stranger', ROWS('gated'), 404, 'ExternalAuthenticatedError'],
    ['stranger', ROWS('private'), 404, 'ExternalAuthenticatedError'],
    ['owner', ROWS('private'), 200, null],
  ])('%s, %s: %i %s', async (who, path, status, code) => {
    const response = await get(path, who);
    expect([response.status, response.headers.get('x-error-code')]).toEqual([status, code]);
  });

  it('opens a gated repository to whom it was granted', async () => {
    hub.repo('dataset', 'tester/gated')?.granted.add('stranger');
    expect((await get(FILE('gated'), 'stranger')).status).toBe(200);
  });
});

describe('who may write', () => {
  const create = (token: string, name: string) =>
    hf.createRepo({ hubUrl: hub.url, accessToken: token, repo: { type: 'model', name } });

  it('takes a token that may write, in a namespace of its user', async () => {
    await create(hub.tokens.write, 'tester-lab/model');
    await create(hub.tokens.fineGrained, 'tester/fine');
    await expect(create(hub.tokens.read, 'tester/read')).rejects.toMatchObject({ statusCode: 403 });
    await expect(create(hub.tokens.fineGrained, 'tester-lab/fine')).rejects.toMatchObject({ statusCode: 403 });
    await expect(create(stranger, 'tester/taken')).rejects.toMatchObject({ statusCode: 403 });
    await expect(create('hf_wrong', 'tester/wrong')).rejects.toMatchObject({ statusCode: 401 });
  });

  it('says who somebody is', async () => {
    const me = await hf.whoAmI({ hubUrl: hub.url, accessToken: hub.tokens.fineGrained });
    expect(me).toMatchObject({ name: 'tester', canPay: true, orgs: [{ name: 'tester-lab' }] });
    expect(me.auth.accessToken?.role).toBe('fineGrained');
    const poor = await hf.whoAmI({ hubUrl: hub.url, accessToken: hub.tokens.noCredit });
    expect(poor).toMatchObject({ name: 'penniless', canPay: false });
  });
});

describe('files', () => {
  const LFS = '/datasets/tester/open/resolve/main/w.bin';

  it.each([
    ['bytes=0-0', 206, 'h', 'bytes 0-0/5'],
    ['bytes=1-3', 206, 'ell', 'bytes 1-3/5'],
    ['bytes=3-', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=2-99', 206, 'llo', 'bytes 2-4/5'],
    ['bytes=5-6', 416, '', 'bytes */5'],
  ])('%s', async (range, status, body, contentRange) => {
    const response = await get(FILE('open'), 'nobody', { headers: { range } });
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  it('in LFS lie behind a redirect to another origin, which says what they are', async () => {
    const head = await get(LFS, 'nobody', { method: 'HEAD', redirect: 'manual' });
    expect(head.status).toBe(302);
    expect(head.headers.get('x-linked-size')).toBe('7');
    expect(head.headers.get('x-linked-etag')).toMatch(/^"[0-9a-f]{64}"$/);
    expect(head.headers.get('x-repo-commit')).toBe(hub.repo('dataset', 'tester/open')?.resolve('main')?.sha);
    const location = head.headers.get('location') ?? '';
    expect(new URL(location).origin).not.toBe(hub.url);
    expect(await (await fetch(location, { headers: { range: 'bytes=1-3' } })).text()).toBe('eig');
    expect((await fetch(location.replace(/signature=.*/, 'signature=forged'))).status).toBe(403);
    expect(await (await get(LFS, 'nobody')).text()).toBe('weights');
    expect(await (await get(LFS.replace('resolve', 'raw'), 'nobody')).text()).toContain('git-lfs');
  });
});
