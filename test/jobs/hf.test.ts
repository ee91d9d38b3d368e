import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Hub, hubFromEnvironment } from '../../scripts/hub/client.ts';
import { type Backend, isOver, type Job } from '../../scripts/jobs/backend.ts';
import { hfBackend } from '../../scripts/jobs/hf/backend.ts';
import { jobCommand } from '../../scripts/jobs/hf/command.ts';
import { ApiJob, jobLabels, toJob } from '../../scripts/jobs/hf/job.ts';
import { openLedger } from '../../scripts/jobs/ledger.ts';
import { submitOnce } from '../../scripts/jobs/submit.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { samplePlan } from '../support/plan.ts';

/** Hugging Face Jobs against the Hub of test/hub, which runs each job as a process; Node stands in for uv. */
const DIGEST = 'a1'.repeat(32);
const plan = samplePlan({ output: { repo_id: 'tester/model' } });
let server: TestHub;
let tools: string;
let home: string;
let hub: Hub;
let backend: Backend;

beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), 'tools-'));
  writeFileSync(join(tools, 'uv'), `#!/bin/sh\nexec "${process.execPath}" "$2"\n`);
  chmodSync(join(tools, 'uv'), 0o755);
  server = await startHub({
    graceMs: 500,
    jobsPage: 3,
    jobEnvironment: { PATH: [tools, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(tools, { recursive: true, force: true });
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hf-'));
  server.faults.clear();
  ({ hub, backend } = open(server.tokens.write));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function open(token: string | undefined, namespace = 'tester') {
  const environment = { ...server.environment(token), HF_TOKEN_PATH: '/nowhere' };
  const opened = hubFromEnvironment(environment);
  const log_timing = { replay_ms: 1500, silence_ms: 1500, retry_ms: 20 };
  return { hub: opened, backend: hfBackend({ hub: opened, namespace, log_timing }) };
}

const run = (script: string, change: Partial<Parameters<Backend['create']>[0]> = {}): Promise<Job> =>
  backend.create({ plan, digest: DIGEST, script, timeout_seconds: 60, resume: true, ...change });

async function over(id: string): Promise<Job> {
  await expect.poll(async () => isOver((await backend.get(id)).stage), { timeout: 10_000 }).toBe(true);
  return backend.get(id);
}
async function lines(source: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of source) if (!line.startsWith('=====')) all.push(line);
  return all;
}
const TEN = 'for (let n = 0; n < 10; n++) console.log("line " + n);';
const ten = Array.from({ length: 10 }, (_, n) => `line ${n}`);

describe('a job', () => {
  it('runs the script that travels in its command', async () => {
    const job = await run('console.log("it’s \\"here\\" $HOME `x`")');
    expect(job).toMatchObject({ backend: 'hf', flavor: 't4-small', digest: DIGEST });
    expect(job.url).toBe(`${server.url}/jobs/tester/${job.job_id}`);
    expect(await over(job.job_id)).toMatchObject({
      stage: 'COMPLETED',
      message: null,
      finished_at: expect.any(String),
    });
    expect(await lines(backend.logs(job.job_id, {}))).toEqual(['it’s "here" $HOME `x`']);
  });

  it('has its token, timeout, digest and label', async () => {
    const { job_id } = await run('console.log(JSON.stringify(process.env))', { timeout_seconds: 123, resume: false });
    await over(job_id);
    const [said] = await lines(backend.logs(job_id, {}));
    expect(JSON.parse(said ?? '')).toMatchObject({
      HF_LLM_TRAINER_TIMEOUT_SECONDS: '123',
      HF_LLM_TRAINER_DIGEST: DIGEST,
      HF_LLM_TRAINER_RESUME: '0',
      PYTHONUNBUFFERED: '1',
      HF_ENDPOINT: server.url,
      HF_TOKEN: '[redacted]', // it was there, and the log doesn't show it
    });
    const spec = server.jobs.get(job_id)?.spec;
    expect(spec?.timeoutSeconds).toBe(123);
    expect(spec?.dockerImage).toBe(plan.hardware.image);
    expect(Object.keys(spec?.secrets ?? {})).toEqual(['HF_TOKEN']);
    expect(spec?.labels).toEqual({
      'hf-llm-trainer-digest': DIGEST.slice(0, 40),
      name: 'qwen3-0.6b-codeforces-cots-sft-3fa9c1',
    });
    const { secrets: _, ...open } = spec ?? {};
    expect(JSON.stringify(open)).not.toContain(server.tokens.write);
  });

  it('finds the bucket of its plan where it is told, and the official shape asks for it', async () => {
    await server.addRepo({ type: 'bucket', id: 'tester/kept', private: true });
    const bucket = { id: 'tester/kept', mount_path: '/checkpoints' };
    const withBucket = { ...plan, output: { ...plan.output, bucket } };
    const write = 'require("fs").writeFileSync(process.env.HF_LLM_TRAINER_BUCKET + "/file", "kept")';
    const { job_id } = await run(write, { plan: withBucket });
    expect(await over(job_id)).toMatchObject({ stage: 'COMPLETED' });
    expect(readFileSync(join(server.bucketFolder('tester/kept'), 'file'), 'utf8')).toBe('kept');
    await expect(
      run('', { plan: { ...plan, output: { ...withBucket.output, bucket: { ...bucket, id: 'tester/no' } } } }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is found by its label among others, over several pages', async () => {
    const digest = 'b2'.repeat(32);
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      ids.unshift((await run('', { digest })).job_id);
      await run('', { digest: 'c3'.repeat(32) });
    }
    expect((await backend.find(digest)).map(({ job_id }) => job_id).sort()).toEqual(ids.sort());
    expect((await backend.find(digest)).every((job) => job.digest === digest)).toBe(true);
    expect(await backend.find('d4'.repeat(32))).toEqual([]);
    const all = await backend.list();
    expect(all.length).toBeGreaterThanOrEqual(10);
    expect(all).toEqual([...all].sort((a, b) => b.created_at.localeCompare(a.created_at)));
  });

  it('that fails says so', async () => {
    const job = await over((await run('process.exit(75)')).job_id);
    expect(job).toMatchObject({ stage: 'ERROR', message: expect.stringContaining('75') });
  });

  it('ends at its timeout', async () => {
    const job = await over((await run('setInterval(() => {}, 1000)', { timeout_seconds: 1 })).job_id);
    expect(job).toMatchObject({ stage: 'ERROR', message: 'Job timeout' });
  });

  it('is cancelled, and once more does no harm', async () => {
    const { job_id } = await run('setInterval(() => {}, 1000)');
    await backend.cancel(job_id);
    expect(await over(job_id)).toMatchObject({ stage: 'CANCELED' });
    await backend.cancel(job_id);
  });

  it('may end before its cancellation arrives', async () => {
    server.faults.add({ method: 'POST', path: /\/cancel$/, mishap: { delayMs: 1500 } });
    const { job_id } = await run('setTimeout(() => {}, 500)');
    await backend.cancel(job_id);
    expect(await over(job_id)).toMatchObject({ stage: 'COMPLETED' });
  });

  it.each(['none', '../whoami-v2', 'a/b', ''])('%j is not there', async (id) => {
    await expect(backend.get(id)).rejects.toMatchObject({ code: 'job_not_found' });
    await expect(backend.cancel(id)).rejects.toMatchObject({ code: 'job_not_found' });
    await expect(lines(backend.logs(id, {}))).rejects.toMatchObject({ code: 'job_not_found' });
  });
});

describe('a refused request', () => {
  const cases: [string, () => string | undefined, string, object][] = [
    ['no token', () => undefined, 'tester', { exitCode: 5, code: 'not_logged_in' }],
    ['a token that can only read', () => server.tokens.read, 'tester', { exitCode: 5, code: 'forbidden' }],
    ['no credit', () => server.tokens.noCredit, 'penniless', { exitCode: 4, code: 'no_credit' }],
    ['somebody else’s namespace', () => server.tokens.write, 'alice', { exitCode: 5 }],
    ['no Hugging Face token', () => 'secret-token', 'tester', { exitCode: 5, code: 'bad_token' }],
  ];
  it.each(cases)('%s', async (_, token, namespace, expected) => {
    ({ backend } = open(token(), namespace));
    const error: unknown = await run('').catch((reason: unknown) => reason);
    expect(error).toMatchObject(expected);
    expect(String(error)).not.toContain(token() ?? 'hf_');
  });

  it.each([
    [429, { exitCode: 6, code: 'rate_limited' }],
    [500, { exitCode: 6, code: 'hub_error' }],
    [503, { exitCode: 6, code: 'hub_error' }],
  ])('HTTP %s', async (status, expected) => {
    server.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: { status } });
    await expect(run('')).rejects.toMatchObject(expected);
  });

  it('an unknown flavor', async () => {
    const other = samplePlan({ hardware: { flavor: 'tpu-9000' } });
    await expect(run('', { plan: other })).rejects.toMatchObject({ message: expect.stringContaining('tpu-9000') });
  });

  it('nobody there', async () => {
    const nobody = hubFromEnvironment({ HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: server.tokens.write });
    backend = hfBackend({ hub: nobody, namespace: 'tester' });
    await expect(run('')).rejects.toMatchObject({ exitCode: 6, code: 'unreachable' });
  });

  it('a Hub that answers something else', async () => {
    const odd = { ...hub, fetch: (async () => Response.json({ id: 7 })) as typeof fetch };
    await expect(hfBackend({ hub: odd, namespace: 'tester' }).get('x')).rejects.toMatchObject({ code: 'bad_answer' });
    const page = { ...hub, fetch: (async () => new Response('<html>')) as typeof fetch };
    await expect(hfBackend({ hub: page, namespace: 'tester' }).list()).rejects.toMatchObject({ code: 'bad_answer' });
  });
});

describe('a log', () => {
  it('is followed to the end', async () => {
    const { job_id } = await run(
      `let n = 0; const t = setInterval(() => { console.log("line " + n); if (++n === 10) clearInterval(t) }, 40)`,
    );
    expect(await lines(backend.logs(job_id, { follow: true }))).toEqual(ten);
    expect(await lines(backend.logs(job_id, { tail: 2 }))).toEqual(ten.slice(-2));
    expect(await lines(backend.logs(job_id, { tail: 2, follow: true }))).toEqual(ten.slice(-2));
  });

  it('of a job that runs is what there is now', async () => {
    const { job_id } = await run(`${TEN} setInterval(() => {}, 1000)`);
    await expect.poll(() => lines(backend.logs(job_id, {})), { timeout: 15_000 }).toEqual(ten);
    await backend.cancel(job_id);
  });

  it.each([1, 4, 10])('that breaks after %i lines goes on without repeating one', async (events) => {
    const { job_id } = await run(TEN);
    await over(job_id);
    server.faults.add({ path: /\/logs/, times: 2, mishap: { truncateEvents: events } });
    expect(await lines(backend.logs(job_id, { follow: true }))).toEqual(ten);
    server.faults.clear();
    server.faults.add({ path: /\/logs/, times: 2, mishap: { truncateEvents: events } });
    expect(await lines(backend.logs(job_id, { tail: 3 }))).toEqual(ten.slice(-3));
  });

  it('that always breaks is given up', async () => {
    const { job_id } = await run(TEN);
    await over(job_id);
    server.faults.add({ path: /\/logs/, times: 100, mishap: { truncateEvents: 2 } });
    await expect(lines(backend.logs(job_id, {}))).rejects.toMatchObject({ exitCode: 6 });
  });

  it('ends with the signal', async () => {
    const { job_id } = await run('setInterval(() => {}, 1000)');
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(lines(backend.logs(job_id, { follow: true, signal: stop.signal }))).rejects.toThrow();
    await backend.cancel(job_id);
  });
});

describe('what the API answers', () => {
  const api = { id: 'x', createdAt: '2026-11-20T10:00:00.000Z', status: { stage: 'RUNNING' } };
  const read = (change: object): Job =>
    toJob(ApiJob.parse({ ...api, ...change }), { endpoint: 'https://hub', namespace: 'me' });

  it.each([
    ['SCHEDULING', 'SCHEDULING'],
    ['RUNNING', 'RUNNING'],
    ['COMPLETED', 'COMPLETED'],
    ['CANCELED', 'CANCELED'],
    ['CANCELLED', 'CANCELED'],
    ['ERROR', 'ERROR'],
    ['DELETED', 'DELETED'],
    ['running', 'RUNNING'],
    ['UPDATING', 'UNKNOWN'],
    ['TELEPORTING', 'UNKNOWN'],
  ])('stage %s is %s', (stage, expected) => expect(read({ status: { stage, message: null } }).stage).toBe(expected));

  it('has times, told or computed', () => {
    expect(read({ startedAt: '2026-11-20T10:01:00Z', finishedAt: '2026-11-20T10:02:00Z' })).toMatchObject({
      started_at: '2026-11-20T10:01:00Z',
      finished_at: '2026-11-20T10:02:00Z',
    });
    const durations = { schedulingSecs: 30, runningSecs: 60, totalSecs: 90 };
    expect(read({ durations })).toMatchObject({ started_at: '2026-11-20T10:00:30.000Z', finished_at: null });
    expect(read({ durations, status: { stage: 'ERROR' } }).finished_at).toBe('2026-11-20T10:01:30.000Z');
    expect(read({})).toMatchObject({ started_at: null, finished_at: null, digest: null, flavor: 'unknown' });
  });

  it('may be anything in its message', () => {
    expect(read({ status: { stage: 'ERROR', message: 'hf_abcdefghijklmnopq \u001b[31mred' } }).message).toBe(
      '[redacted] \\x1b[31mred',
    );
  });

  it('names the digest only where label and environment agree', () => {
    const labels = { 'hf-llm-trainer-digest': DIGEST.slice(0, 40) };
    expect(read({ labels, environment: { HF_LLM_TRAINER_DIGEST: DIGEST } }).digest).toBe(DIGEST);
    expect(read({ labels, environment: { HF_LLM_TRAINER_DIGEST: 'ff' } }).digest).toBe(DIGEST.slice(0, 40));
    expect(read({ environment: { HF_LLM_TRAINER_DIGEST: DIGEST } }).digest).toBeNull();
  });

  it.each([
    ['qwen3-0.6b_sft', 'qwen3-0.6b_sft'],
    ['a b/c: "d"', 'a-b-c-d'],
    ['…', 'training'],
    ['x'.repeat(100), 'x'.repeat(63)],
  ])('the name %j becomes the label %j', (name, label) => {
    const labels = jobLabels(DIGEST, name);
    expect(labels.name).toBe(label);
    for (const text of Object.entries(labels).flat()) expect(text).toMatch(/^[a-zA-Z0-9._-]{1,63}$/);
  });
});

it('a script that is too long for a command is refused with what to do', () => {
  expect(jobCommand('x'.repeat(500_000))).toHaveLength(3); // it packs well
  const noise = Array.from({ length: 40_000 }, (_, n) => Math.sin(n).toString(36)).join('');
  expect(() => jobCommand(noise)).toThrow(expect.objectContaining({ kind: 'usage', code: 'script_too_long' }));
});

describe('submitOnce on Jobs', () => {
  const digest = 'e5'.repeat(32);
  const submit = (own = digest) =>
    submitOnce({
      plan,
      digest: own,
      script: 'setInterval(() => {}, 1000)',
      backend,
      endpoint: hub.endpoint,
      namespace: 'tester',
      ledger: openLedger(home),
      again: false,
      now: () => new Date(),
      say: () => {},
      listing_lag_ms: 200,
    });

  it('after a lost answer finds its job', async () => {
    server.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: 'drop-after' });
    const first = await submit();
    expect(first).toMatchObject({ reused: false, job: { digest, flavor: 't4-small' } });
    expect(await submit()).toMatchObject({ reused: true, job: { job_id: first.job.job_id } });
    expect(await backend.find(digest)).toHaveLength(1);
    await backend.cancel(first.job.job_id);
  });

  it('after a lost request says that it does not know, and later makes one job', async () => {
    const own = 'f6'.repeat(32);
    server.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: 'drop-before' });
    await expect(submit(own)).rejects.toMatchObject({ code: 'answer_lost', exitCode: 6 });
    const { job } = await submit(own);
    expect(await backend.find(own)).toHaveLength(1);
    await backend.cancel(job.job_id);
  });

  it('keeps the token out of the state folder and of every command line', async () => {
    const { job } = await submit('a7'.repeat(32));
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain(server.tokens.write);
    }
    if (existsSync('/proc/self/cmdline')) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const path = `/proc/${pid}/cmdline`;
        expect(existsSync(path) ? readFileSync(path, 'utf8') : '').not.toContain(server.tokens.write);
      }
    }
    await backend.cancel(job.job_id);
  });
});
