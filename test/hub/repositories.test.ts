import * as hf from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
let params: { hubUrl: string; accessToken: string };
beforeAll(async () => {
  hub = await startHub({ multipart: { from: 1_000_000, part: 400_000 } });
  params = { hubUrl: hub.url, accessToken: hub.tokens.write };
});
afterAll(() => hub.close());

const dataset = (name: string): { type: 'dataset'; name: string } => ({ type: 'dataset', name });
const upload = (repo: hf.RepoDesignation, files: { path: string; content: Blob }[]) =>
  hf.uploadFiles({ ...params, repo, files });

async function textOf(repo: hf.RepoDesignation, path: string, revision = 'main'): Promise<string | undefined> {
  return (await hf.downloadFile({ ...params, repo, path, revision }))?.text();
}

describe('a repository, with @huggingface/hub', () => {
  it('is created, holds files, and gives them back', async () => {
    const repo = dataset('tester/first');
    expect(await hf.createRepo({ ...params, repo, private: true })).toMatchObject({
      repoUrl: `${hub.url}/datasets/tester/first`,
    });
    const big = Buffer.alloc(2_500_000, 'some bytes ');
    await upload(repo, [
      { path: 'data/train.jsonl', content: new Blob(['{"text":"a"}\n']) },
      { path: 'small.parquet', content: new Blob(['PAR1 in one piece']) },
      { path: 'weights.bin', content: new Blob([big]) },
    ]);
    const files = [];
    for await (const file of hf.listFiles({ ...params, repo, recursive: true })) files.push(file);
    expect(files.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'file .gitattributes',
      'directory data',
      'file data/train.jsonl',
      'file small.parquet',
      'file weights.bin',
    ]);
    expect(files.find(({ path }) => path === 'weights.bin')?.lfs).toMatchObject({ size: 2_500_000 });
    expect(files.find(({ path }) => path === 'data/train.jsonl')?.lfs).toBeUndefined();
    expect(await textOf(repo, 'data/train.jsonl')).toBe('{"text":"a"}\n');
    expect(await textOf(repo, 'small.parquet')).toBe('PAR1 in one piece');
    const back = await hf.downloadFile({ ...params, repo, path: 'weights.bin' });
    expect(big.equals(new Uint8Array(back ? await back.arrayBuffer() : []))).toBe(true);
    expect(await textOf(repo, 'nothing.txt')).toBeUndefined();
    expect(hub.requests.filter(({ path }) => /lfs-upload\/[^/]+\/\d/.test(path))).toHaveLength(7);
  });

  it('keeps every revision', async () => {
    const repo = dataset('tester/history');
    await hf.createRepo({ ...params, repo });
    const first = await hf.uploadFile({ ...params, repo, file: { path: 'a.txt', content: new Blob(['one']) } });
    const second = await hf.uploadFile({ ...params, repo, file: { path: 'a.txt', content: new Blob(['two']) } });
    expect(first?.commit.oid).toMatch(/^[0-9a-f]{40}$/);
    expect(await textOf(repo, 'a.txt', first?.commit.oid)).toBe('one');
    expect(await textOf(repo, 'a.txt')).toBe('two');
    await hf.createBranch({ ...params, repo, branch: 'side/one', revision: first?.commit.oid ?? '' });
    expect(await textOf(repo, 'a.txt', 'side/one')).toBe('one');
    const titles = [];
    for await (const commit of hf.listCommits({ ...params, repo, batchSize: 2 })) titles.push(commit.oid);
    expect(titles.slice(0, 2)).toEqual([second?.commit.oid, first?.commit.oid]);
    expect(titles).toHaveLength(3);
    const [info] = await hf.pathsInfo({ ...params, repo, paths: ['a.txt', 'none'], expand: true });
    expect(info?.lastCommit.id).toBe(second?.commit.oid);
    await hf.deleteFile({ ...params, repo, path: 'a.txt' });
    expect(await textOf(repo, 'a.txt')).toBeUndefined();
    await expect(textOf(repo, 'a.txt', 'nowhere')).rejects.toMatchObject({ statusCode: 404 });
  });

  it('refuses a second commit on a parent that is no longer the head', async () => {
    const repo = dataset('tester/race');
    await hf.createRepo({ ...params, repo });
    const parentCommit = (await hf.datasetInfo({ ...params, name: 'tester/race', additionalFields: ['sha'] })).sha;
    const commit = (text: string): Promise<unknown> =>
      hf.commit({
        ...params,
        repo,
        title: text,
        parentCommit,
        operations: [{ operation: 'addOrUpdate', path: 'a.txt', content: new Blob([text]) }],
      });
    await commit('one');
    await expect(commit('two')).rejects.toMatchObject({ statusCode: 412 });
  });

  it('is created once, renamed, deleted', async () => {
    const repo = dataset('tester-lab/short-lived');
    await hf.createRepo({ ...params, repo });
    await expect(hf.createRepo({ ...params, repo })).rejects.toMatchObject({ statusCode: 409 });
    const move = { fromRepo: 'tester-lab/short-lived', toRepo: 'tester-lab/renamed', type: 'dataset' };
    const moved = await fetch(`${hub.url}/api/repos/move`, {
      method: 'POST',
      headers: { authorization: `Bearer ${params.accessToken}` },
      body: JSON.stringify(move),
    });
    expect(moved.status).toBe(200);
    expect(await hf.repoExists({ ...params, repo })).toBe(false);
    await hf.deleteRepo({ ...params, repo: dataset('tester-lab/renamed') });
    expect(await hf.repoExists({ ...params, repo: dataset('tester-lab/renamed') })).toBe(false);
  });

  it.each(['../out.txt', 'a/../../b', '/etc/passwd', '.git/config', 'a//b'])('has no path %s', async (path) => {
    const lines = [
      { key: 'header', value: { summary: 'outside' } },
      { key: 'file', value: { path, content: '', encoding: 'base64' } },
    ];
    const response = await fetch(`${hub.url}/api/datasets/tester/history/commit/main`, {
      method: 'POST',
      headers: { authorization: `Bearer ${params.accessToken}` },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    expect(response.status).toBe(400);
  });

  it('takes no LFS file that was never uploaded, nor one that is not what was announced', async () => {
    const oid = 'a'.repeat(64);
    const headers = { authorization: `Bearer ${params.accessToken}` };
    const lines = [
      { key: 'header', value: { summary: 'missing' } },
      { key: 'lfsFile', value: { path: 'x.bin', algo: 'sha256', oid, size: 3 } },
    ];
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const url = `${hub.url}/api/datasets/tester/history/commit/main`;
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
    const batch = await fetch(`${hub.url}/datasets/tester/history.git/info/lfs/objects/batch`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ operation: 'upload', transfers: ['basic'], objects: [{ oid, size: 3 }] }),
    });
    const { objects } = (await batch.json()) as { objects: { actions: { upload: { href: string } } }[] };
    const href = objects[0]?.actions.upload.href ?? '';
    expect((await fetch(href, { method: 'PUT', body: 'abc' })).status).toBe(400);
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
  });
});

describe('the facts about a repository', () => {
  it('has a sha, a card, tags and siblings, or only what was asked for', async () => {
    const card = '---\nlicense: mit\ntags: [chat]\n---\n# Hello\n';
    await hub.addRepo({ type: 'model', id: 'tester/card', files: { 'README.md': card }, downloads: 7 });
    const all = await (await fetch(`${hub.url}/api/models/tester/card`)).json();
    expect(all).toMatchObject({ id: 'tester/card', private: false, gated: false, cardData: { license: 'mit' } });
    expect(all.tags).toEqual(expect.arrayContaining(['chat', 'license:mit']));
    expect(all.siblings).toEqual([{ rfilename: '.gitattributes' }, { rfilename: 'README.md' }]);
    const some = await (await fetch(`${hub.url}/api/models/tester/card/revision/${all.sha}?expand=downloads`)).json();
    expect(Object.keys(some).sort()).toEqual(['_id', 'downloads', 'id']);
  });

  it('is the same for the same seed, to the commit', async () => {
    const other = await startHub();
    try {
      const seed = { type: 'dataset', id: 'a/same', files: { 'a.jsonl': '{}\n' } } as const;
      const [one, two] = [await hub.addRepo(seed), await other.addRepo(seed)];
      expect(one.resolve('main')?.sha).toBe(two.resolve('main')?.sha);
    } finally {
      await other.close();
    }
  });

  it('is found by search, most downloaded first, page by page', async () => {
    for (const [owner, downloads] of [
      ['a', 1],
      ['b', 30],
      ['c', 2],
    ] as const) {
      await hub.addRepo({ type: 'model', id: `${owner}/findable`, downloads });
    }
    await hub.addRepo({ type: 'model', id: 'tester/findable', private: true, downloads: 99 });
    const ids = [];
    for await (const model of hf.listModels({ hubUrl: hub.url, search: { query: 'findable' }, sort: 'downloads' })) {
      ids.push(model.name);
    }
    expect(ids).toEqual(['b/findable', 'c/findable', 'a/findable']);
    const page = await fetch(`${hub.url}/api/models?search=findable&limit=2`);
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '') ?? [];
    expect(await (await fetch(next)).json()).toMatchObject([{ id: 'a/findable' }]);
  });
});
