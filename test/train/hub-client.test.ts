import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, seedDemo } from '../hub/seed.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { testPython } from '../support/python.ts';

/** The official Python client, its `hf` command and `datasets` against the Hub of these tests. */

let hub: TestHub;
let work: string;
let python: string;
beforeAll(async () => {
  python = await testPython(['huggingface_hub==2.4.0', 'datasets==5.2.0']);
  work = await mkdtemp(join(tmpdir(), 'hub-client-'));
  hub = await startHub({ graceMs: 500, multipart: { from: 1_000_000, part: 500_000 } });
  await seedDemo(hub);
  await hub.addRepo({ type: 'model', id: 'gated-lab/model', gated: 'auto', files: { 'config.json': '{}' } });
});
afterAll(async () => {
  await hub?.close();
  if (work) await rm(work, { recursive: true, force: true });
});

const run = promisify(execFile);

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    SystemRoot: process.env.SystemRoot,
    HOME: work,
    HF_HOME: join(work, 'hf'),
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_UPDATE_CHECK: '1',
    NO_COLOR: '1',
    ...hub.environment(hub.tokens.write),
  };
}

async function script(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const path = fileURLToPath(new URL(`../hub/python/${name}.py`, import.meta.url));
  const { stdout } = await run(python, [path, ...args], { env: environment() });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

async function hf(...args: string[]): Promise<string> {
  const command = join(dirname(python), process.platform === 'win32' ? 'hf.exe' : 'hf');
  const { stdout, stderr } = await run(command, args, { env: environment() });
  return stdout + stderr;
}

describe('huggingface_hub', () => {
  it('creates, uploads, downloads, and raises its own errors', async () => {
    expect(await script('repositories', work, hub.tokens.read)).toEqual({
      url: `${hub.url}/tester/python-model`,
      same: ['empty.bin', 'long.txt', 'model.safetensors', 'notes.txt'],
      config: '{"model_type": "changed"}',
      old_config: '{"model_type": "tiny"}',
      private: true,
      head_is_second: true,
      lfs: ['long.txt', 'model.safetensors'],
      commits: ['Upload config.json with huggingface_hub', 'Upload folder using huggingface_hub', 'initial commit'],
      paths: ['sub', 'config.json'],
      refs: [['main', 'checkpoints'], ['v1']],
      on_branch: [true, false],
      files: ['.gitattributes', 'config.json', 'empty.bin', 'long.txt', 'model.safetensors'],
      tags: true,
      errors: {
        'no repository': 'RepositoryNotFoundError',
        'private without token': 'RepositoryNotFoundError',
        'no revision': 'RevisionNotFoundError',
        'no file': 'RemoteEntryNotFoundError',
        gated: 'GatedRepoError',
        'may only read': 'HfHubHTTPError',
        exists: 'HfHubHTTPError',
      },
      known_errors: ['EntryNotFoundError', 'GatedRepoError', 'RepositoryNotFoundError', 'RevisionNotFoundError'],
      before_app: 'NO_APP_FILE',
      space: {
        url: `${hub.url}/spaces/tester/board`,
        stage: 'BUILDING',
        secrets: ['HF_TOKEN'],
        variables: { THEME: 'dark' },
      },
      bucket: `${hub.url}/buckets/tester/metrics`,
      bucket_private: true,
      public: true,
      found: ['tester/python-model'],
      gone: true,
    });
    expect(hub.requests.some(({ path }) => /lfs-upload\/[^/]+\/00003/.test(path))).toBe(true);
  });

  it('runs, follows, lists and cancels jobs', async () => {
    expect(await script('jobs')).toEqual({
      owner: 'tester',
      logs: ['step 0', 'step 1', 'step 2', 'green'],
      stage: 'COMPLETED',
      secrets: ['HF_TOKEN'],
      labels: 'test',
      tail: ['green'],
      canceled: [true],
      all: 2,
      hardware: 0.006667,
    });
  });
});

describe('datasets', () => {
  it('loads public and private sets, whole and streamed', async () => {
    const told = await script('load_dataset');
    expect(told).toMatchObject({
      rows: 60,
      py_rows: 20,
      private: 8,
      last_role: 'assistant',
      streamed: 'Stack of Crates',
    });
    expect(told.columns).toEqual(expect.arrayContaining(['prompt', 'messages']));
  });
});

describe('the hf command', () => {
  it('knows who it is', async () => {
    expect(await hf('auth', 'whoami')).toContain('tester');
  });

  it('uploads and downloads', async () => {
    await writeFile(join(work, 'data.jsonl'), '{"text":"hi"}\n');
    await hf(
      'upload',
      'tester/from-cli',
      join(work, 'data.jsonl'),
      'data.jsonl',
      '--repo-type',
      'dataset',
      '--private',
    );
    expect(hub.repo('dataset', 'tester/from-cli')?.private).toBe(true);
    await hf('download', 'tester/from-cli', '--repo-type', 'dataset', '--local-dir', join(work, 'down'));
    expect(await readFile(join(work, 'down', 'data.jsonl'), 'utf8')).toBe('{"text":"hi"}\n');
    await hf('download', DEMO.dataset, 'README.md', '--repo-type', 'dataset', '--local-dir', join(work, 'down'));
    expect(await readFile(join(work, 'down', 'README.md'), 'utf8')).toContain('config_name: solutions');
  });

  it('mounts a bucket in a job, and shows what the job left there', async () => {
    await hf('buckets', 'create', 'tester/left', '--private');
    expect(hub.repo('bucket', 'tester/left')?.private).toBe(true);
    const mount = ['-v', 'hf://buckets/tester/left:/checkpoints', '-e', 'WHERE=/checkpoints'];
    const write =
      'import os; os.makedirs(os.environ["WHERE"] + "/a/b"); open(os.environ["WHERE"] + "/a/b/c", "w").write("d")';
    await hf('jobs', 'run', ...mount, 'python:3.12', python, '-c', write);
    const [asked] = hub.jobs.all();
    expect(asked?.spec.volumes).toMatchObject([{ source: 'tester/left', mountPath: '/checkpoints' }]);
    expect(await hf('buckets', 'list', 'tester/left', '-R')).toContain('a/b/c');
    expect(await hf('buckets', 'sync', 'hf://buckets/tester/left/a', work, '--dry-run')).toContain('b/c');
  });

  it('runs jobs, shows their logs, lists and cancels them', async () => {
    expect(await hf('jobs', 'run', 'python:3.12', python, '-c', 'print(6 * 7)')).toContain('42');
    await hf('jobs', 'run', '--detach', 'python:3.12', python, '-c', 'import time; time.sleep(600)');
    const [job] = hub.jobs.all();
    expect(await hf('jobs', 'ps', '--no-truncate')).toContain(job?.id);
    await hf('jobs', 'cancel', job?.id ?? '');
    await job?.done;
    expect(job?.stage).toBe('CANCELED');
    expect(await hf('jobs', 'ps', '-a')).toContain('CANCELED');
    const [, done] = hub.jobs.all();
    expect(await hf('jobs', 'logs', done?.id ?? '')).toContain('42');
  });
});
