import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOver, type Job } from '../../scripts/jobs/backend.ts';
import { localBackend } from '../../scripts/jobs/local/backend.ts';
import { jobFolder, readState } from '../../scripts/jobs/local/job-folder.ts';
import { outcomeOf } from '../../scripts/jobs/local/training-process.ts';
import { samplePlan } from '../support/plan.ts';
import { bundled } from './support/bundled.ts';

/** Jobs on this machine with a JavaScript in place of the Python, in real processes. */
const DIGEST = 'f'.repeat(64);
const SUPERVISOR = bundled('supervise-main.ts');
const TOKEN = 'hf_secretsecretsecretsecret';
const plan = samplePlan({ hardware: { backend: 'local', flavor: 'cpu' } });
const offline = samplePlan({
  hardware: { backend: 'local', flavor: 'cpu' },
  model: { source: 'local', id: '/models/tiny', revision: null },
  dataset: { source: 'local', id: '/data/rows.jsonl', revision: null, files: ['/data/rows.jsonl'] },
  output: {
    repo_id: null,
    folder: '/models/out',
    trackio: { project: 'p', run_name: 'r', space_id: null, private: true },
  },
});

let home: string;
let backend: ReturnType<typeof localBackend>;
const started: string[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'local-'));
  backend = open();
});
afterEach(async () => {
  for (const id of started.splice(0))
    await backend
      .cancel(id)
      .then(() => over(id))
      .catch(() => {});
  rmSync(home, { recursive: true, force: true });
});

function open(env: NodeJS.ProcessEnv = {}) {
  return localBackend({
    home,
    env: { ...process.env, HF_LLM_TRAINER_HOME: home, HF_LLM_TRAINER_PYTHON: process.execPath, ...env },
    token: TOKEN,
    self: SUPERVISOR,
    now: () => new Date(),
    poll_ms: 20,
    grace_ms: 400,
  });
}

async function run(
  script: string,
  how: { timeout_seconds?: number; resume?: boolean; plan?: typeof plan } = {},
): Promise<Job> {
  const job = await backend.create({ plan, digest: DIGEST, script, timeout_seconds: 60, resume: true, ...how });
  started.push(job.job_id);
  return job;
}

async function over(id: string): Promise<Job> {
  for (let tries = 0; tries < 500; tries++) {
    const job = await backend.get(id);
    if (isOver(job.stage)) return job;
    await sleep(20);
  }
  throw new Error(`job ${id} does not end`);
}

const log = (id: string): string => readFileSync(join(home, 'jobs', id, 'log.txt'), 'utf8');
const stateOf = (id: string) => readState(jobFolder(join(home, 'jobs', id)));
const hasLine = (id: string, line: string) => expect.poll(() => log(id), { timeout: 8000 }).toContain(line);

async function lines(source: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of source) all.push(line);
  return all;
}

describe('a run', () => {
  it('completes, with both streams in its log', async () => {
    const job = await run('console.log("out"); console.error("err"); process.stdout.write("no line end")');
    expect(job).toMatchObject({ backend: 'local', digest: DIGEST, flavor: 'cpu' });
    const done = await over(job.job_id);
    expect(done).toMatchObject({ stage: 'COMPLETED', message: null, url: join(home, 'jobs', job.job_id, 'log.txt') });
    expect(Date.parse(done.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(done.started_at ?? ''));
    expect(log(job.job_id).split('\n').sort()).toEqual(['', 'err', 'no line end', 'out']);
    expect((await stateOf(job.job_id))?.exit_code).toBe(0);
  });

  it('tells the script what it needs', async () => {
    const job = await run('console.log(JSON.stringify(process.env))', { timeout_seconds: 7, resume: false });
    await over(job.job_id);
    expect(JSON.parse(log(job.job_id))).toMatchObject({
      HF_LLM_TRAINER_TIMEOUT_SECONDS: '7',
      HF_LLM_TRAINER_DIGEST: DIGEST,
      HF_LLM_TRAINER_RESUME: '0',
      PYTHONUNBUFFERED: '1',
      TRACKIO_DIR: join(home, 'trackio'),
      HF_TOKEN: '[redacted]',
    });
  });

  it('without need of the Hub gets no token and makes no call', async () => {
    backend = open({ HF_TOKEN: TOKEN, HUGGING_FACE_HUB_TOKEN: TOKEN });
    const job = await run('console.log(JSON.stringify(process.env))', { plan: offline });
    await over(job.job_id);
    const env = JSON.parse(log(job.job_id));
    expect(env.HF_HUB_OFFLINE).toBe('1');
    expect(Object.keys(env).filter((name) => /TOKEN/.test(name) && /HF|HUGGING/.test(name))).toEqual([]);
  });

  it('is found by its digest, newest first, beside a damaged one', async () => {
    const first = await run('');
    await sleep(5);
    const second = await run('');
    writeFileSync(join(home, 'jobs', first.job_id.replace(/.$/, 'x')), 'not a folder');
    expect((await backend.find(DIGEST)).map(({ job_id }) => job_id)).toEqual([second.job_id, first.job_id]);
    expect(await backend.find('0'.repeat(64))).toEqual([]);
    expect(await backend.list()).toHaveLength(2);
    writeFileSync(join(home, 'jobs', first.job_id, 'job.json'), '{');
    await expect(backend.get(first.job_id)).rejects.toMatchObject({ code: 'job_unreadable' });
    expect(await backend.list()).toHaveLength(1);
  });

  it.each(['local-none', '../../etc', 'local-../x', ''])('there is no job %j', async (id) => {
    await expect(backend.get(id)).rejects.toMatchObject({ code: 'job_not_found' });
    await expect(backend.cancel(id)).rejects.toMatchObject({ code: 'job_not_found' });
    await expect(lines(backend.logs(id, {}))).rejects.toMatchObject({ code: 'job_not_found' });
  });
});

describe('the outcome of a script', () => {
  const cases: [Partial<Parameters<typeof outcomeOf>[0]>, Job['stage'], string | null][] = [
    [{ code: 0 }, 'COMPLETED', null],
    [{ code: 0, why: 'cancelled' }, 'COMPLETED', null],
    [{ code: 0, why: 'timeout' }, 'COMPLETED', null],
    [{ code: 1 }, 'ERROR', 'exit code 1'],
    [{ code: 75 }, 'ERROR', 'stopped before its last step, checkpoint saved'],
    [{ code: 75, why: 'SIGTERM' }, 'ERROR', 'stopped before its last step, checkpoint saved'],
    [{ code: 75, why: 'cancelled' }, 'CANCELED', 'cancelled'],
    [{ code: 75, why: 'timeout' }, 'ERROR', 'Job timeout'],
    [{ signal: 'SIGTERM', why: 'timeout' }, 'ERROR', 'Job timeout'],
    [{ signal: 'SIGKILL', why: 'cancelled' }, 'CANCELED', 'cancelled'],
    [{ signal: 'SIGTERM', why: 'SIGTERM' }, 'ERROR', 'stopped by SIGTERM'],
    [{ signal: 'SIGKILL' }, 'ERROR', 'killed by SIGKILL: often the system, out of memory'],
    [{ signal: 'SIGSEGV' }, 'ERROR', 'killed by SIGSEGV'],
  ];
  it.each(cases)('%j', (ended, stage, message) => {
    expect(outcomeOf({ code: null, signal: null, why: null, ...ended })).toEqual({ stage, message });
  });

  it.each([
    ['process.exit(3)', 'exit code 3'],
    ['process.exit(75)', 'stopped before its last step, checkpoint saved'],
    ['process.kill(process.pid, "SIGKILL")', 'killed by SIGKILL: often the system, out of memory'],
  ])('%s', async (script, message) => {
    expect(await over((await run(script)).job_id)).toMatchObject({ stage: 'ERROR', message });
  });

  it('of one that can not start', async () => {
    backend = open({ HF_LLM_TRAINER_PYTHON: '/nowhere/python' });
    const job = await over((await run('')).job_id);
    expect(job).toMatchObject({ stage: 'ERROR', started_at: null });
    expect(job.message).toContain('/nowhere/python');
    expect(log(job.job_id)).toContain('/nowhere/python');
  });
});

/** Starts a grandchild that ignores SIGTERM, as the script itself does, and says both pids. */
const STUBBORN = `
  process.on("SIGTERM", () => console.log("not yet"));
  const child = require("node:child_process").spawn(process.execPath,
    ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "inherit" });
  console.log("pids " + process.pid + " " + child.pid);
  setInterval(() => {}, 1000);
`;
const GENTLE =
  'process.on("SIGTERM", () => { console.log("saved"); process.exit(75) }); console.log("ready"); setInterval(() => {}, 1000)';

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
const pidsOf = (id: string): number[] => (/pids (\d+) (\d+)/.exec(log(id)) ?? []).slice(1).map(Number);

describe('the end', () => {
  it('by timeout lets the script save', async () => {
    const job = await over((await run(GENTLE, { timeout_seconds: 2 })).job_id);
    expect(job).toMatchObject({ stage: 'ERROR', message: 'Job timeout' });
    expect(log(job.job_id)).toContain('saved');
  });

  it('by timeout takes everything with it', async () => {
    const job = await over((await run(STUBBORN, { timeout_seconds: 2 })).job_id);
    expect(job.message).toBe('Job timeout');
    const pids = pidsOf(job.job_id);
    expect(pids).toHaveLength(2);
    await expect.poll(() => pids.filter(exists)).toEqual([]);
  });

  it('by cancel lets the script save', async () => {
    const { job_id } = await run(GENTLE);
    await hasLine(job_id, 'ready');
    await backend.cancel(job_id);
    expect(await over(job_id)).toMatchObject({ stage: 'CANCELED', message: 'cancelled' });
    expect(log(job_id)).toContain('saved');
    await backend.cancel(job_id); // once more does no harm
    expect(await backend.get(job_id)).toMatchObject({ stage: 'CANCELED' });
  });

  it('by cancel takes grandchildren with it', async () => {
    const { job_id } = await run(STUBBORN);
    await hasLine(job_id, 'pids');
    await backend.cancel(job_id);
    expect(await over(job_id)).toMatchObject({ stage: 'CANCELED' });
    await expect.poll(() => pidsOf(job_id).filter(exists)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('by cancel while packages are installed', async () => {
    const tools = join(home, 'tools');
    mkdirSync(tools);
    const uv = '#!/bin/sh\ntest "$1" = --version && echo "uv 0.13.8" && exit\nexec sleep 60\n';
    writeFileSync(join(tools, 'uv'), uv, { mode: 0o755 });
    backend = open({ HF_LLM_TRAINER_PYTHON: '', PATH: `${tools}${delimiter}${process.env.PATH}` });
    const { job_id } = await run('');
    await hasLine(job_id, 'Installing');
    expect(await backend.get(job_id)).toMatchObject({
      stage: 'SCHEDULING',
      message: 'installing the training packages',
    });
    await backend.cancel(job_id);
    expect(await over(job_id)).toMatchObject({ stage: 'CANCELED', started_at: null });
    expect(readdirSync(join(home, 'environments'))).toEqual([]);
  });

  it('of the script alone leaves no grandchild behind', async () => {
    const { job_id } = await run(`${STUBBORN}; setTimeout(() => process.exit(0), 300)`);
    expect(await over(job_id)).toMatchObject({ stage: 'COMPLETED' });
    await expect.poll(() => pidsOf(job_id).filter(exists)).toEqual([]);
  });

  it('of the machine, as the supervisor sees it, lets the script save', async () => {
    const { job_id } = await run(GENTLE);
    await hasLine(job_id, 'ready');
    process.kill((await stateOf(job_id))?.supervisor?.pid ?? 0, 'SIGTERM');
    expect(await over(job_id)).toMatchObject({
      stage: 'ERROR',
      message: 'stopped before its last step, checkpoint saved',
    });
  });
});

describe('a supervisor that vanished', () => {
  async function orphan(script: string): Promise<string> {
    const { job_id } = await run(script);
    await hasLine(job_id, 'pids');
    process.kill((await stateOf(job_id))?.supervisor?.pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await backend.get(job_id)).message).not.toBeNull();
    return job_id;
  }

  it('leaves a training that cancel still reaches', async () => {
    const job_id = await orphan(STUBBORN);
    expect(await backend.get(job_id)).toMatchObject({ stage: 'RUNNING', message: expect.stringContaining('cancel') });
    await backend.cancel(job_id);
    expect(await backend.get(job_id)).toMatchObject({ stage: 'CANCELED' });
    await expect.poll(() => pidsOf(job_id).filter(exists)).toEqual([]);
  });

  it('with its training is an error, not a run for ever', async () => {
    const job_id = await orphan(STUBBORN);
    for (const pid of pidsOf(job_id)) process.kill(pid, 'SIGKILL');
    expect(await over(job_id)).toMatchObject({ stage: 'ERROR', message: expect.stringContaining('vanished') });
    expect((await backend.get(job_id)).finished_at).not.toBeNull();
    expect(await lines(backend.logs(job_id, { follow: true }))).toContainEqual(expect.stringContaining('pids'));
  });

  it('is not confused with a later process of the same pid', async () => {
    const { job_id } = await run('');
    await over(job_id);
    const state = await stateOf(job_id);
    if (!state) throw new Error('no state');
    const other = {
      ...state,
      stage: 'RUNNING',
      supervisor: { ...state.supervisor, pid: process.pid, started: 'before' },
    };
    writeFileSync(join(home, 'jobs', job_id, 'job.json'), JSON.stringify(other));
    expect(await backend.get(job_id)).toMatchObject({ stage: 'ERROR' });
  });

  it('that never came is an error after a while', async () => {
    const { job_id } = await run('');
    await over(job_id);
    const state = await stateOf(job_id);
    const creator = { ...state?.creator, pid: 2 ** 22 + 1 };
    const put = (created_at: Date) =>
      writeFileSync(
        join(home, 'jobs', job_id, 'job.json'),
        JSON.stringify({
          ...state,
          stage: 'SCHEDULING',
          supervisor: null,
          creator,
          created_at: created_at.toISOString(),
        }),
      );
    put(new Date());
    expect(await backend.get(job_id)).toMatchObject({ stage: 'SCHEDULING' });
    put(new Date(Date.now() - 60_000));
    expect(await backend.get(job_id)).toMatchObject({ stage: 'ERROR', message: 'it was never started' });
  });

  it('that can not start is said at once', async () => {
    backend = localBackend({
      home,
      env: process.env,
      token: null,
      self: [process.execPath, '-e', 'throw new Error("no supervisor " + "today")'],
      now: () => new Date(),
    });
    await expect(run('')).rejects.toMatchObject({
      code: 'supervisor_failed',
      message: expect.stringContaining('no supervisor today'),
    });
    expect(await backend.list()).toEqual([expect.objectContaining({ stage: 'ERROR' })]);
  });
});

describe('logs', () => {
  it('follow to the end, each line once', async () => {
    const { job_id } = await run(
      'let n = 0; const t = setInterval(() => { console.log("line " + n); if (++n === 20) clearInterval(t) }, 15)',
    );
    const expected = Array.from({ length: 20 }, (_, n) => `line ${n}`);
    expect(await lines(backend.logs(job_id, { follow: true }))).toEqual(expected);
    expect(await lines(backend.logs(job_id, {}))).toEqual(expected);
    expect(await lines(backend.logs(job_id, { tail: 3 }))).toEqual(expected.slice(-3));
    expect(await lines(backend.logs(job_id, { tail: 0 }))).toEqual([]);
    expect(await lines(backend.logs(job_id, { tail: 100 }))).toEqual(expected);
  });

  it('end with the signal', async () => {
    const { job_id } = await run('setInterval(() => {}, 1000)');
    const stop = new AbortController();
    const reading = lines(backend.logs(job_id, { follow: true, signal: stop.signal }));
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(reading).rejects.toThrow();
  });
});

it('the token is in no file and no command line', async () => {
  const { job_id } = await run('console.log("my token is " + process.env.HF_TOKEN); setInterval(() => {}, 1000)');
  await hasLine(job_id, 'my token is [redacted]');
  for (const name of readdirSync(join(home, 'jobs', job_id))) {
    expect(readFileSync(join(home, 'jobs', job_id, name), 'utf8'), name).not.toContain(TOKEN);
  }
  if (process.platform === 'linux') {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`));
    const seen = pids.map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // gone meanwhile
      }
    });
    expect(seen.some((line) => line.includes(job_id))).toBe(true);
    expect(seen.filter((line) => line.includes(TOKEN))).toEqual([]);
  }
});
