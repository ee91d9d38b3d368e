import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Hub, hubFromEnvironment } from '../../scripts/hub/client.ts';
import { ensurePrivateRepo, repoVisibility } from '../../scripts/hub/repos.ts';
import { uploadLocalData } from '../../scripts/hub/upload.ts';
import { whoami } from '../../scripts/hub/whoami.ts';
import { startHub, type TestHub } from '../hub/server.ts';

let server: TestHub;
let folder: string;
beforeAll(async () => {
  server = await startHub();
  await server.addRepo({ type: 'dataset', id: 'tester/open', files: { 'a.txt': 'a' } });
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'repos-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const as = (token?: string): Hub => hubFromEnvironment({ ...server.environment(token), HF_TOKEN_PATH: '/nowhere' });
const me = (): Hub => as(server.tokens.write);
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

describe('whoami', () => {
  it.each([
    ['write', { name: 'tester', can_write: true, can_run_jobs: true, can_pay: true }],
    ['read', { name: 'tester', can_write: false, can_run_jobs: false }],
    ['fineGrained', { name: 'tester', can_write: true, can_run_jobs: true }],
    ['noCredit', { name: 'penniless', can_write: true, can_pay: false }],
  ] as const)('%s', async (kind, expected) => {
    expect(await whoami(as(server.tokens[kind]))).toMatchObject(expected);
  });

  it('with a fine-grained token that may only read', async () => {
    const user = server.addUser('reader');
    const token = server.addToken(user, 'fineGrained', { reader: ['repo.content.read'] });
    expect(await whoami(as(token))).toMatchObject({ name: 'reader', orgs: [], can_write: false, can_run_jobs: false });
  });

  it('without a token, and with a wrong one', async () => {
    await expect(whoami(as())).rejects.toMatchObject({ exitCode: 5, code: 'not_logged_in' });
    await expect(whoami(as('hf_wrongwrongwrong'))).rejects.toMatchObject({ exitCode: 5 });
  });

  it('of a proxy', async () => {
    const odd = { ...me(), fetch: (async () => Response.json({ hello: 1 })) as typeof fetch };
    await expect(whoami(odd)).rejects.toMatchObject({ code: 'bad_answer' });
  });
});

describe('a repository', () => {
  it('is private, public, or not there', async () => {
    expect(await repoVisibility(me(), { type: 'dataset', repo_id: 'tester/open' })).toBe('public');
    expect(await repoVisibility(me(), { type: 'dataset', repo_id: 'tester/none' })).toBeNull();
    expect(await repoVisibility(me(), { type: 'model', repo_id: 'tester/open' })).toBeNull();
  });

  it('is made private, once', async () => {
    const repo = { type: 'model', repo_id: 'tester/new-model' } as const;
    expect(await ensurePrivateRepo(me(), repo)).toEqual({ created: true });
    expect(await repoVisibility(me(), repo)).toBe('private');
    expect(await ensurePrivateRepo(me(), repo)).toEqual({ created: false });
    expect(await repoVisibility(as(), repo)).toBeNull(); // nobody else sees it
  });

  it('that is public is refused', async () => {
    await expect(ensurePrivateRepo(me(), { type: 'dataset', repo_id: 'tester/open' })).rejects.toMatchObject({
      exitCode: 4,
      code: 'repo_public',
    });
  });

  it('is not made with a token that can only read', async () => {
    await expect(
      ensurePrivateRepo(as(server.tokens.read), { type: 'dataset', repo_id: 'tester/x' }),
    ).rejects.toMatchObject({ exitCode: 5 });
  });
});

describe('uploadLocalData', () => {
  const commits = () =>
    server.requests.filter(({ method, path }) => method === 'POST' && path.includes('/commit/')).length;

  it('makes a private repository, and sends again only what changed', async () => {
    const repo_id = 'tester/data-1';
    const small = file('a/rows.jsonl', '{"text":"ä"}\n');
    const large = file('b/rows.parquet', Buffer.alloc(200_000, 7));
    const said: string[] = [];
    const upload = (say = (_: string): void => {}) => uploadLocalData(me(), { repo_id, files: [small, large], say });
    expect(await upload((line) => said.push(line))).toEqual({ uploaded: ['rows.jsonl', 'rows.parquet'], skipped: [] });
    expect(said[0]).toBe('Uploading 2 files (0.2 MB) to tester/data-1');
    expect(await repoVisibility(me(), { type: 'dataset', repo_id })).toBe('private');
    expect((await server.readFile('dataset', repo_id, 'rows.jsonl')).toString()).toBe('{"text":"ä"}\n');
    expect(await server.readFile('dataset', repo_id, 'rows.parquet')).toHaveLength(200_000);

    const before = commits();
    expect(await upload()).toEqual({ uploaded: [], skipped: ['rows.jsonl', 'rows.parquet'] });
    expect(commits()).toBe(before);
    file('a/rows.jsonl', '{"text":"b"}\n');
    expect(await upload()).toEqual({ uploaded: ['rows.jsonl'], skipped: ['rows.parquet'] });
    expect((await server.readFile('dataset', repo_id, 'rows.jsonl')).toString()).toBe('{"text":"b"}\n');
  });

  it('keeps names with blanks, quotes and other alphabets', async () => {
    const files = ['my data.jsonl', "it's #1 100%.csv", 'größe-日本.jsonl'].map((name) => file(name, 'x\n'));
    await uploadLocalData(me(), { repo_id: 'tester/data-2', files });
    for (const name of ['my data.jsonl', "it's #1 100%.csv", 'größe-日本.jsonl']) {
      expect((await server.readFile('dataset', 'tester/data-2', name)).toString()).toBe('x\n');
    }
    expect((await uploadLocalData(me(), { repo_id: 'tester/data-2', files })).uploaded).toEqual([]);
  });

  it('refuses two files of one name, before anything is made', async () => {
    const files = [file('a/rows.jsonl', 'a'), file('b/Rows.jsonl', 'b')];
    await expect(uploadLocalData(me(), { repo_id: 'tester/data-3', files })).rejects.toMatchObject({
      exitCode: 3,
      code: 'same_file_names',
    });
    expect(await repoVisibility(me(), { type: 'dataset', repo_id: 'tester/data-3' })).toBeNull();
  });

  it('refuses a public repository', async () => {
    const files = [file('rows.jsonl', 'a')];
    await expect(uploadLocalData(me(), { repo_id: 'tester/open', files })).rejects.toMatchObject({
      code: 'repo_public',
    });
    await expect(server.readFile('dataset', 'tester/open', 'rows.jsonl')).rejects.toThrow();
  });

  it.each([
    ['the commit', /\/commit\//],
    ['the large file', /\/info\/lfs\/objects\/batch/],
  ])('fails with words where %s fails', async (_, path) => {
    server.faults.add({ method: 'POST', path, mishap: { status: 500 } });
    const files = [file('rows.jsonl', 'a'), file('large.parquet', Buffer.alloc(100_000, 1))];
    await expect(uploadLocalData(me(), { repo_id: 'tester/data-4', files })).rejects.toMatchObject({ exitCode: 6 });
    server.faults.clear();
  });
});
