import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as hf from '@huggingface/hub';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
let params: { hubUrl: string; accessToken: string; namespace: string };
beforeAll(async () => {
  hub = await startHub({ graceMs: 200, jobsPage: 3, jobEnvironment: { FROM_THE_HUB: 'yes' } });
  params = { hubUrl: hub.url, accessToken: hub.tokens.write, namespace: 'tester' };
});
beforeEach(() => hub.faults.clear());
afterAll(() => hub.close());

type ApiJob = Awaited<ReturnType<typeof hf.getJob>>;

interface Options {
  accessToken?: string;
  namespace?: string;
  flavor?: string;
  environment?: Record<string, string>;
  secrets?: Record<string, string>;
  labels?: Record<string, string>;
  timeoutSeconds?: number;
}

/** A job that runs a line of JavaScript. */
function run(script: string, { flavor = 'cpu-basic', ...options }: Options = {}): Promise<ApiJob> {
  const command = [process.execPath, '-e', script];
  // The client's own list of flavors is older than the platform's.
  const machine = { flavor: flavor as 'cpu-basic', dockerImage: 'node:20' };
  return hf.runJob({ ...params, ...machine, command, ...options });
}

async function ended(
  id: string,
): Promise<Record<string, unknown> & { status: { stage: string; message: string | null } }> {
  await hub.jobs.get(id)?.done;
  return (await hf.getJob({ ...params, jobId: id })) as never;
}

async function logOf(jobId: string): Promise<string[]> {
  const lines = [];
  for await (const { message } of hf.streamJobLogs({ ...params, jobId })) lines.push(message);
  return lines;
}

const FOREVER = 'setInterval(() => {}, 1000)';

describe('a job, with @huggingface/hub', () => {
  it('runs as a process, and its log follows it', async () => {
    const job = await run('console.log("one"); setTimeout(() => console.error("two"), 100)', {
      labels: { purpose: 'test' },
    });
    expect(job).toMatchObject({ status: { stage: 'SCHEDULING' }, owner: { name: 'tester', type: 'user' } });
    const [first, ...rest] = await logOf(job.id);
    expect(first).toMatch(/^===== Job started at /);
    expect(rest).toEqual(['one', 'two']);
    const over = await ended(job.id);
    expect(over).toMatchObject({ status: { stage: 'COMPLETED', message: null }, labels: { purpose: 'test' } });
    expect(over).toHaveProperty('durations', { schedulingSecs: 0, runningSecs: 0, totalSecs: 0 });
    expect(Date.parse(String(over.finishedAt))).toBeGreaterThanOrEqual(Date.parse(String(over.startedAt)));
  });

  it('sees the environment of the platform and its own, and nothing of ours', async () => {
    process.env.NOT_FOR_JOBS = 'secret';
    const job = await run('console.log(JSON.stringify(process.env))', {
      flavor: 't4-small',
      environment: { MINE: '1' },
      secrets: { HF_TOKEN: hub.tokens.write },
    });
    const [, line = '{}'] = await logOf(job.id);
    delete process.env.NOT_FOR_JOBS;
    const env = JSON.parse(line);
    expect(env).toMatchObject({
      JOB_ID: job.id,
      ACCELERATOR: '1xT4',
      CPU_CORES: '4',
      MEMORY: '15Gi',
      HF_ENDPOINT: hub.url,
      HF_TOKEN: hub.tokens.write,
      FROM_THE_HUB: 'yes',
      MINE: '1',
    });
    expect(env).not.toHaveProperty('NOT_FOR_JOBS');
    expect(env.HOME).not.toBe(process.env.HOME);
    const shown = await ended(job.id);
    expect(shown.secrets).toEqual(['HF_TOKEN']);
    expect(JSON.stringify(shown)).not.toContain(hub.tokens.write);
  });

  it.each([
    ['process.exit(3)', 'Job failed with exit code: 3. Reason: Error'],
    ['process.kill(process.pid, "SIGKILL")', 'Job failed with exit code: 128 (SIGKILL). Reason: Error'],
  ])('fails with %s', async (script, message) => {
    const { id } = await run(script);
    expect((await ended(id)).status).toMatchObject({ stage: 'ERROR', message });
  });

  it('fails where there is no such program', async () => {
    const { id } = await hf.runJob({ ...params, flavor: 'cpu-basic', dockerImage: 'x', command: ['no-such-program'] });
    expect((await ended(id)).status).toMatchObject({ stage: 'ERROR', message: expect.stringContaining('ENOENT') });
  });

  it('meets its timeout: SIGTERM, a grace, SIGKILL', async () => {
    const polite = 'process.on("SIGTERM", () => { console.log("bye"); process.exit(0) });';
    const stubborn = 'process.on("SIGTERM", () => console.log("no"));';
    const [one, two] = await Promise.all([
      run(polite + FOREVER, { timeoutSeconds: 0.6 }),
      run(stubborn + FOREVER, { timeoutSeconds: 0.6 }),
    ]);
    for (const { id } of [one, two]) {
      expect((await ended(id)).status).toMatchObject({ stage: 'ERROR', message: 'Job timeout' });
    }
    expect((await logOf(one.id)).at(-1)).toBe('bye');
    expect((await logOf(two.id)).at(-1)).toBe('no');
  });

  it('is cancelled with all its processes', async () => {
    const beat = 'setInterval(() => require("fs").appendFileSync("beat", "."), 10)';
    const child = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(beat)}])`;
    const { id } = await run(`${child}; ${FOREVER}`);
    const file = join(hub.jobs.get(id)?.surroundings.folder ?? '', 'work', 'beat');
    while (!existsSync(file)) await sleep(20);
    await hf.cancelJob({ ...params, jobId: id });
    expect((await ended(id)).status.stage).toBe('CANCELED');
    await sleep(50);
    const { size } = statSync(file);
    await sleep(100);
    expect(statSync(file).size).toBe(size);
    await expect(hf.cancelJob({ ...params, jobId: id })).rejects.toMatchObject({ statusCode: 409 });
  });

  it('has a log that breaks where a test says so, and is whole when asked again', async () => {
    const { id } = await run('for (let i = 0; i < 10; i++) console.log(i)');
    await ended(id);
    hub.faults.add({ path: /logs/, mishap: { truncateEvents: 4 } });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const { message } of hf.streamJobLogs({ ...params, jobId: id })) seen.push(message);
      })(),
    ).rejects.toThrow();
    expect(seen.slice(1)).toEqual(['0', '1', '2']);
    expect((await logOf(id)).slice(1)).toHaveLength(10);
    const tail = await fetch(`${hub.url}/api/jobs/tester/${id}/logs?tail=2`, {
      headers: { authorization: `Bearer ${params.accessToken}` },
    });
    expect((await tail.text()).match(/"data":"\d"/g)).toEqual(['"data":"8"', '"data":"9"']);
  });
});

describe('the list of jobs', () => {
  it('is newest first, in pages, by label and stage', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++)
      ids.unshift((await run('', { namespace: 'tester-lab', labels: { n: String(i % 2) } })).id);
    await Promise.all(ids.map((id) => hub.jobs.get(id)?.done));
    const headers = { authorization: `Bearer ${params.accessToken}` };
    const first = await fetch(`${hub.url}/api/jobs/tester-lab`, { headers });
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? [];
    const second = await fetch(next, { headers });
    const pages = [...((await first.json()) as ApiJob[]), ...((await second.json()) as ApiJob[])];
    expect(pages.map(({ id }) => id)).toEqual(ids);
    const labelled = await fetch(`${hub.url}/api/jobs/tester-lab?label=n=1&stage=COMPLETED`, { headers });
    expect(((await labelled.json()) as ApiJob[]).map(({ id }) => id)).toEqual([ids[1], ids[3]]);
    const running = await fetch(`${hub.url}/api/jobs/tester-lab?stage=RUNNING`, { headers });
    expect(await running.json()).toEqual([]);
  });
});

describe('what is refused', () => {
  it.each<[string, number, Options & { token?: 'read' | 'noCredit' | 'fineGrained' }]>([
    ['a token that only reads', 403, { token: 'read' }],
    ['a user without credit', 402, { token: 'noCredit', namespace: 'penniless' }],
    ["somebody else's namespace", 403, { token: 'noCredit' }],
    ['unknown hardware', 400, { flavor: 'h9000' }],
    ['a label with a space', 400, { labels: { name: 'two words' } }],
    ['a timeout below zero', 400, { timeoutSeconds: -1 }],
  ])('%s: %i', async (_, statusCode, { token, ...options }) => {
    const accessToken = token ? hub.tokens[token] : hub.tokens.write;
    await expect(run('', { accessToken, ...options })).rejects.toMatchObject({ statusCode });
  });

  it('a job that does not exist', async () => {
    await expect(hf.getJob({ ...params, jobId: '0'.repeat(24) })).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('hardware', () => {
  it('has prices for a minute, which tests change', async () => {
    const price = async () => (await hf.listJobHardware({ hubUrl: hub.url })).find(({ name }) => name === 't4-small');
    expect(await price()).toMatchObject({
      unitCostMicroUSD: 6667,
      unitLabel: 'minute',
      accelerator: { vram: '16 GB' },
    });
    hub.setPrice('t4-small', 0.6);
    expect(await price()).toMatchObject({ unitCostMicroUSD: 10_000, unitCostUSD: 0.01 });
  });
});

it('ends its jobs when it closes', async () => {
  const other = await startHub({ graceMs: 100 });
  const command = [process.execPath, '-e', `process.on("SIGTERM", () => {}); console.log("up"); ${FOREVER}`];
  const where = { hubUrl: other.url, accessToken: other.tokens.write, namespace: 'tester' };
  const { id } = await hf.runJob({ ...where, flavor: 'cpu-basic', dockerImage: 'node', command });
  const job = other.jobs.get(id);
  while ((job?.log.lines.length ?? 0) < 2) await sleep(20);
  const pid = Number(job?.pid);
  expect(process.kill(pid, 0)).toBe(true);
  await other.close();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
