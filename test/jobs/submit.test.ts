import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainerError } from '../../scripts/errors.ts';
import type { Job, Stage } from '../../scripts/jobs/backend.ts';
import { type LedgerEntry, openLedger } from '../../scripts/jobs/ledger.ts';
import { thisProcess } from '../../scripts/jobs/process.ts';
import { type Submission, submitOnce } from '../../scripts/jobs/submit.ts';
import { samplePlan } from '../support/plan.ts';
import { FakeBackend } from './support/fake-backend.ts';

const DIGEST = 'd'.repeat(64);
const HUB = 'https://hub.example';
const plan = samplePlan(); // on hf, a timeout of 3600 s
const local = samplePlan({ hardware: { backend: 'local', flavor: 'cpu', usd_per_hour: 0 } });
const DEAD = { pid: 2 ** 22 + 1, started: 'once', host: thisProcess().host }; // above Linux's largest pid

let home: string;
let backend: FakeBackend;
let said: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'submit-'));
  backend = new FakeBackend(join(home, 'fake-jobs'));
  said = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

type Params = Parameters<typeof submitOnce>[0];

function submit(change: Partial<Params> = {}): Promise<Submission> {
  return submitOnce({
    plan,
    digest: DIGEST,
    script: 'print()',
    backend,
    endpoint: HUB,
    namespace: 'alice',
    ledger: openLedger(home),
    again: false,
    now: () => new Date(),
    say: (line) => said.push(line),
    listing_lag_ms: 0,
    poll_ms: 10,
    ...change,
  });
}

const entries = async (): Promise<LedgerEntry[]> =>
  (await openLedger(home).attempts(DIGEST)).flatMap(({ entry }) => entry ?? []);

/** The newest job ends after so many seconds. */
function end(stage: Stage, seconds = 60): void {
  const job = backend.created.at(-1);
  if (!job) throw new Error('no job to end');
  const finished_at = new Date(Date.parse(job.created_at) + seconds * 1000).toISOString();
  backend.change(job.job_id, { stage, started_at: job.created_at, finished_at });
}

const network = (code: string, cause?: string): TrainerError =>
  new TrainerError('network', code, 'the Hub is away', 'later', {
    cause: cause ? Object.assign(new Error(cause), { code: cause }) : undefined,
  });

describe('a first submission', () => {
  it('makes one job with the whole timeout', async () => {
    const submission = await submit();
    expect(submission).toMatchObject({ reused: false, attempt: 1, resumed: false, timeout_seconds: 3600 });
    expect(backend.created.map(({ request }) => request)).toEqual([{ timeout_seconds: 3600, resume: true }]);
  });

  it('writes the ledger before it asks', async () => {
    let state: string | undefined;
    backend.behaviour.before = async () => {
      state = (await entries())[0]?.state;
    };
    await submit();
    expect(state).toBe('submitting');
    expect((await entries())[0]).toMatchObject({ state: 'submitted', namespace: 'alice', endpoint: HUB });
  });

  it('finds a job that was submitted from elsewhere', async () => {
    const job = backend.put({ digest: DIGEST });
    expect(await submit()).toMatchObject({ reused: true, attempt: 1, job: { job_id: job.job_id } });
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
  });

  it('finds the job with which another machine went on', async () => {
    await submit();
    end('ERROR');
    const job = backend.put({ digest: DIGEST });
    expect(await submit()).toMatchObject({ reused: true, attempt: 2, job: { job_id: job.job_id } });
    expect(backend.created).toHaveLength(2);
  });

  it('finds the job that another machine made while this one prepared', async () => {
    let job: Job | undefined;
    const prepare = async () => {
      job = backend.put({ digest: DIGEST });
    };
    expect(await submit({ prepare })).toMatchObject({ reused: true, attempt: 1, job: { job_id: job?.job_id } });
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
    expect(backend.created).toHaveLength(1);
  });

  it('counts what jobs from elsewhere used', async () => {
    for (const [minute, seconds] of [
      [0, 600],
      [30, 300],
    ] as const) {
      const at = Date.parse('2026-11-20T10:00:00Z') + minute * 60_000;
      const started_at = new Date(at).toISOString();
      const finished_at = new Date(at + seconds * 1000).toISOString();
      backend.put({ digest: DIGEST, stage: 'ERROR', created_at: started_at, started_at, finished_at });
    }
    expect(await submit()).toMatchObject({ reused: false, attempt: 3, resumed: true, timeout_seconds: 2700 });
  });

  it('does not ask where the list of jobs cannot be read', async () => {
    backend.behaviour.list_error = network('hub_error');
    await expect(submit()).rejects.toMatchObject({ code: 'hub_error' });
    expect(backend.created).toEqual([]);
    expect(await entries()).toEqual([]);
  });
});

describe('the same plan again', () => {
  const cases: [Stage, again: boolean, Partial<Submission>, jobs: number][] = [
    ['SCHEDULING', false, { reused: true, attempt: 1 }, 1],
    ['RUNNING', false, { reused: true, attempt: 1 }, 1],
    ['RUNNING', true, { reused: true, attempt: 1 }, 1],
    ['UNKNOWN', false, { reused: true, attempt: 1 }, 1],
    ['UNKNOWN', true, { reused: true, attempt: 1 }, 1],
    ['COMPLETED', false, { reused: true, attempt: 1 }, 1],
    ['COMPLETED', true, { reused: false, attempt: 2, resumed: false, timeout_seconds: 3600 }, 2],
    ['ERROR', false, { reused: false, attempt: 2, resumed: true, timeout_seconds: 3540 }, 2],
    ['ERROR', true, { reused: false, attempt: 2, resumed: false, timeout_seconds: 3600 }, 2],
    ['CANCELED', false, { reused: false, attempt: 2, resumed: true, timeout_seconds: 3540 }, 2],
    ['CANCELED', true, { reused: false, attempt: 2, resumed: false, timeout_seconds: 3600 }, 2],
    ['DELETED', false, { reused: false, attempt: 2, resumed: true, timeout_seconds: 3540 }, 2],
  ];
  it.each(cases)('%s, again %s', async (stage, again, expected, jobs) => {
    await submit();
    if (['SCHEDULING', 'RUNNING', 'UNKNOWN'].includes(stage)) {
      backend.change(backend.created[0]?.job_id ?? '', { stage });
    } else end(stage);
    expect(await submit({ again })).toMatchObject(expected);
    expect(backend.created).toHaveLength(jobs);
    if (jobs === 2) expect(backend.created[1]?.request.resume).toBe(!again);
  });

  it('keeps a finished job finished, also when it was deleted since', async () => {
    await submit();
    end('COMPLETED');
    await submit();
    rmSync(join(home, 'fake-jobs'), { recursive: true });
    backend = new FakeBackend(join(home, 'fake-jobs'));
    expect(await submit()).toMatchObject({ reused: true, job: { stage: 'COMPLETED' } });
  });

  it('takes a running job that vanished for deleted, and all its time for used', async () => {
    await submit();
    rmSync(join(home, 'fake-jobs'), { recursive: true });
    backend = new FakeBackend(join(home, 'fake-jobs'));
    await expect(submit()).rejects.toMatchObject({ kind: 'approval', code: 'nothing_left' });
  });

  it('has nothing to do with attempts at another Hub', async () => {
    await submit();
    const other = new FakeBackend(join(home, 'other-jobs'));
    expect(await submit({ backend: other, endpoint: 'https://other.example' })).toMatchObject({
      reused: false,
      attempt: 2,
    });
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
    expect(await submit({ backend: other, endpoint: 'https://other.example' })).toMatchObject({
      reused: true,
      attempt: 2,
    });
  });
});

describe('what is left of the approved maximum', () => {
  const cases: [what: string, change: Partial<Job>, left: number | 'nothing'][] = [
    ['ten minutes used', { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:10:00Z' }, 3000],
    [
      'a started minute counts as one',
      { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:01:01Z' },
      3480,
    ],
    [
      'waiting in the queue is free',
      { created_at: '2026-11-20T08:00:00Z', started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:01:00Z' },
      3540,
    ],
    ['two minutes are enough', { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:58:00Z' }, 120],
    ['one minute is not', { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:58:01Z' }, 'nothing'],
    ['all of it used', { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T11:00:05Z' }, 'nothing'],
    ['no times: all of it', { started_at: null, finished_at: null }, 'nothing'],
    ['clocks that disagree', { started_at: '2026-11-20T10:00:05Z', finished_at: '2026-11-20T10:00:00Z' }, 3600],
    ['a date that is none: all of it', { started_at: 'soon', finished_at: '2026-11-20T10:00:00Z' }, 'nothing'],
  ];
  it.each(cases)('%s', async (_, change, left) => {
    await submit();
    backend.change(backend.created[0]?.job_id ?? '', { stage: 'ERROR', ...change });
    if (left === 'nothing') {
      await expect(submit()).rejects.toMatchObject({ exitCode: 4, code: 'nothing_left' });
      expect(backend.created).toHaveLength(1);
      expect(await entries()).toHaveLength(1);
      // From nothing is a new run: its approval is the digest, given once more.
      expect(await submit({ again: true })).toMatchObject({ reused: false, timeout_seconds: 3600 });
    } else expect(await submit()).toMatchObject({ timeout_seconds: left });
  });

  it('adds up over the attempts of one run, and begins anew with --again', async () => {
    await submit();
    end('ERROR', 600);
    expect(await submit()).toMatchObject({ attempt: 2, timeout_seconds: 3000 });
    end('ERROR', 1200);
    expect(await submit()).toMatchObject({ attempt: 3, timeout_seconds: 1800 });
    end('ERROR', 60);
    expect(await submit({ again: true })).toMatchObject({ attempt: 4, timeout_seconds: 3600 });
    end('ERROR', 600);
    expect(await submit()).toMatchObject({ attempt: 5, resumed: true, timeout_seconds: 3000 });
  });

  it('is no question on this machine', async () => {
    await submit({ plan: local, endpoint: null });
    end('ERROR', 4000);
    expect(await submit({ plan: local, endpoint: null })).toMatchObject({ resumed: true, timeout_seconds: 3600 });
  });
});

describe('a request that the backend refuses', () => {
  const refusals: [string, Error][] = [
    ['no rights', new TrainerError('auth', 'forbidden', 'no', 'hint')],
    ['no credit', new TrainerError('approval', 'no_credit', 'no', 'hint')],
    ['bad request', new TrainerError('usage', 'script_too_long', 'no', 'hint')],
    ['too many requests', network('rate_limited')],
    ['nobody there', network('unreachable', 'ECONNREFUSED')],
    ['no such host', network('unreachable', 'ENOTFOUND')],
  ];
  it.each(refusals)('%s: nothing is there, the next one goes through', async (_, error) => {
    backend.behaviour.before = () => {
      throw error;
    };
    await expect(submit()).rejects.toBe(error);
    expect((await entries())[0]).toMatchObject({ state: 'refused', job: null });
    backend.behaviour = {};
    expect(await submit()).toMatchObject({ reused: false, attempt: 2, resumed: false, timeout_seconds: 3600 });
    expect(backend.created).toHaveLength(1);
  });
});

describe('a lost answer', () => {
  const lost = (): void => {
    throw network('unreachable', 'ECONNRESET');
  };

  it('finds the job by its label', async () => {
    backend.behaviour.after = lost;
    expect(await submit()).toMatchObject({ reused: false, attempt: 1 });
    backend.behaviour = {};
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
    expect(backend.created).toHaveLength(1);
  });

  it('waits for a list that lags', async () => {
    backend.behaviour = { after: lost, hidden_lists: 3 };
    expect(await submit({ listing_lag_ms: 5000 })).toMatchObject({ reused: false, attempt: 1 });
  });

  it('says so where the job does not appear, and never asks twice by itself', async () => {
    backend.behaviour.before = lost;
    await expect(submit()).rejects.toMatchObject({ exitCode: 6, code: 'answer_lost' });
    expect((await entries())[0]?.state).toBe('unknown');
    backend.behaviour = {};
    expect(await submit()).toMatchObject({ reused: false, attempt: 2 });
    expect((await entries())[0]?.state).toBe('absent');
    expect(backend.created).toHaveLength(1);
  });

  it('adopts a job that shows up later', async () => {
    backend.behaviour = { after: lost, hidden_lists: 3 }; // before the request, and after the lost answer
    await expect(submit()).rejects.toMatchObject({ code: 'answer_lost' });
    backend.behaviour = {};
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
    expect(backend.created).toHaveLength(1);
  });

  it('sends nothing new while the list cannot be read', async () => {
    backend.behaviour.before = lost;
    await expect(submit()).rejects.toMatchObject({ code: 'answer_lost' });
    backend.behaviour = { list_error: network('hub_error') };
    await expect(submit()).rejects.toMatchObject({ code: 'hub_error' });
    expect(backend.created).toEqual([]);
  });

  it('does not take the job of an earlier attempt for its own', async () => {
    await submit();
    end('ERROR');
    backend.behaviour.before = lost;
    await expect(submit()).rejects.toMatchObject({ code: 'answer_lost' });
  });

  it('does not hide a failure that is no answer of the network', async () => {
    const bug = new Error('a bug');
    backend.behaviour.before = () => {
      throw bug;
    };
    await expect(submit()).rejects.toBe(bug);
  });
});

describe('what comes before the job', () => {
  it('is done once, and not for a job that is there', async () => {
    let prepared = 0;
    const prepare = async () => {
      prepared++;
    };
    await submit({ prepare });
    await submit({ prepare });
    expect(prepared).toBe(1);
  });

  it('fails without a job, and can be tried again', async () => {
    const full = new TrainerError('network', 'upload_failed', 'no', 'hint');
    await expect(submit({ prepare: () => Promise.reject(full) })).rejects.toBe(full);
    expect(backend.created).toEqual([]);
    expect(await submit()).toMatchObject({ reused: false });
  });

  it('ends with Ctrl-C before anything is sent', async () => {
    const interrupt = new AbortController();
    const prepare = async () => interrupt.abort(new Error('interrupted'));
    await expect(submit({ prepare, signal: interrupt.signal })).rejects.toThrow('interrupted');
    expect(backend.created).toEqual([]);
    expect(await submit()).toMatchObject({ reused: false });
  });

  it('keeps the answer when Ctrl-C comes after the request', async () => {
    const interrupt = new AbortController();
    backend.behaviour.after = () => interrupt.abort(new Error('interrupted'));
    expect(await submit({ signal: interrupt.signal })).toMatchObject({ reused: false });
    expect((await entries())[0]?.state).toBe('submitted');
  });
});

describe('several at once', () => {
  it('in one process make one job', async () => {
    const all = await Promise.all([submit(), submit(), submit(), submit(), submit()]);
    expect(backend.created).toHaveLength(1);
    expect(all.filter(({ reused }) => !reused)).toHaveLength(1);
    expect(new Set(all.map(({ job }) => job.job_id)).size).toBe(1);
  });

  it('make one new attempt after a failure', async () => {
    await submit();
    end('ERROR');
    const all = await Promise.all([submit(), submit(), submit()]);
    expect(backend.created).toHaveLength(2);
    expect(all.map(({ attempt }) => attempt)).toEqual([2, 2, 2]);
  });
});

describe('an attempt that somebody left behind', () => {
  async function leave(change: Partial<LedgerEntry>): Promise<LedgerEntry> {
    backend.behaviour = {};
    await submit();
    const [entry] = await entries();
    if (!entry) throw new Error('no entry');
    const left: LedgerEntry = { ...entry, state: 'submitting', job: null, owner: DEAD, ...change };
    await openLedger(home).update(left);
    return left;
  }
  const forget = (): void => {
    for (const name of readdirSync(join(home, 'fake-jobs'))) rmSync(join(home, 'fake-jobs', name));
  };

  it('before it asked: a new one, at once', async () => {
    await leave({ asked_at: null });
    forget();
    expect(await submit({ listing_lag_ms: 60_000 })).toMatchObject({ reused: false, attempt: 2 });
    expect((await entries())[0]?.state).toBe('absent');
  });

  it('after it asked, with a job: that one', async () => {
    await leave({});
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
    expect(backend.created).toHaveLength(1);
  });

  it('after it asked, without a job: a new one', async () => {
    await leave({});
    forget();
    expect(await submit()).toMatchObject({ reused: false, attempt: 2 });
  });

  it('long ago: one look is enough', async () => {
    await leave({ asked_at: '2026-01-01T00:00:00Z' });
    forget();
    expect(await submit({ listing_lag_ms: 60_000 })).toMatchObject({ reused: false, attempt: 2 });
  });

  it('by a process that lives: waits for it', async () => {
    const left = await leave({ owner: thisProcess() });
    const waiting = submit();
    await expect.poll(() => said).toContain('Another process is submitting this plan: waiting for its answer');
    const job = backend.created[0] ?? null;
    await openLedger(home).update({ ...left, state: 'submitted', job });
    expect(await waiting).toMatchObject({ reused: true, attempt: 1 });
  });

  it('by a process that lives and fails: tries itself', async () => {
    const left = await leave({ owner: thisProcess() });
    forget();
    const waiting = submit();
    await expect.poll(() => said.length).toBe(1);
    await openLedger(home).update({ ...left, state: 'refused' });
    expect(await waiting).toMatchObject({ reused: false, attempt: 2 });
  });

  it('on another machine: waits, but not for ever', async () => {
    await leave({ owner: { pid: 1, started: null, host: 'elsewhere' } });
    const interrupt = new AbortController();
    const waiting = submit({ signal: interrupt.signal });
    await expect.poll(() => said).toHaveLength(1);
    interrupt.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow();
    const old = new Date(Date.now() - 3600_000);
    utimesSync(join(home, 'ledger', DIGEST, '1.json'), old, old);
    expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
  });

  const damage = (text: string): void => {
    const path = join(home, 'ledger', DIGEST, '1.json');
    writeFileSync(path, text);
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
  };
  it.each(['', '{"version":1', '{"version":2}', 'null', '\0\0\0\0'])(
    'damaged (%j): its job is found by the label',
    async (text) => {
      await leave({});
      damage(text);
      expect((await openLedger(home).list()).problems).toHaveLength(1);
      expect(await submit()).toMatchObject({ reused: true, attempt: 1 });
      expect(said.join()).toContain("can't be read");
      expect(backend.created).toHaveLength(1);
      expect((await openLedger(home).list()).problems).toEqual([]);
    },
  );

  it('damaged, without a job: a new one', async () => {
    await leave({});
    damage('{');
    forget();
    expect(await submit()).toMatchObject({ reused: false, attempt: 2 });
  });
});

describe('a state folder that cannot be written', () => {
  it('stops before anything is sent', async () => {
    writeFileSync(join(home, 'file'), '');
    const error = await submit({ ledger: openLedger(join(home, 'file')) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TrainerError);
    expect(error).toMatchObject({ code: 'state_not_writable' });
    expect(backend.created).toEqual([]);
  });

  it('does not hide a job that was created', async () => {
    const ledger = openLedger(home);
    const update = (entry: LedgerEntry) =>
      entry.state === 'submitted' ? Promise.reject(new Error('disk full')) : ledger.update(entry);
    expect(await submit({ ledger: { ...ledger, update } })).toMatchObject({ reused: false });
    expect(said).toEqual(['warning: disk full']);
  });
});

it('the ledger is for its owner alone', async () => {
  await submit();
  expect(statSync(join(home, 'ledger', DIGEST, '1.json')).mode & 0o077).toBe(0);
});
