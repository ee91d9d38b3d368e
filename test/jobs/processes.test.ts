import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Submission } from '../../scripts/jobs/submit.ts';
import { samplePlan } from '../support/plan.ts';
import { bundled } from './support/bundled.ts';
import { FakeBackend } from './support/fake-backend.ts';
import type { SubmitJob } from './support/submit-main.ts';

/** submitOnce in real processes, some of which die on the way. */
const DIGEST = 'e'.repeat(64);
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'processes-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const [node, ...args] = bundled('submit-main.ts');
const jobs = () => new FakeBackend(join(home, 'fake-jobs')).created;

/** Null where the process died. */
function submit(how: Pick<SubmitJob, 'die' | 'slow_ms'> = {}): Promise<Submission | null> {
  const job: SubmitJob = { home, jobs: join(home, 'fake-jobs'), digest: DIGEST, plan: samplePlan(), ...how };
  return new Promise((resolve, reject) => {
    const child = spawn(node, [...args, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(null);
      else if (code === 0) resolve(JSON.parse(Buffer.concat(out).toString()));
      else reject(new Error(Buffer.concat(err).toString()));
    });
  });
}

it('three processes at once make one job', async () => {
  const all = await Promise.all([submit({ slow_ms: 300 }), submit({ slow_ms: 300 }), submit({ slow_ms: 300 })]);
  expect(jobs()).toHaveLength(1);
  expect(all.filter((one) => one?.reused === false)).toHaveLength(1);
  expect(all.map((one) => one?.attempt)).toEqual([1, 1, 1]);
});

describe('a process that is killed', () => {
  const cases: [NonNullable<SubmitJob['die']>, Partial<Submission>][] = [
    ['entry written', { reused: false, attempt: 2 }],
    ['request sent', { reused: false, attempt: 2 }],
    ['job created', { reused: true, attempt: 1 }],
  ];
  it.each(cases)('%s: the next one ends with one job', async (die, expected) => {
    expect(await submit({ die })).toBeNull();
    expect(await submit()).toMatchObject(expected);
    expect(jobs()).toHaveLength(1);
  });

  it('while another waits for its answer', async () => {
    const [killed, other] = await Promise.all([
      submit({ die: 'job created', slow_ms: 3000 }),
      expect
        .poll(() => existsSync(join(home, 'ledger', DIGEST, '1.json')), { timeout: 10_000 })
        .toBe(true)
        .then(() => submit()),
    ]);
    expect(killed).toBeNull();
    expect(other).toMatchObject({ reused: true, attempt: 1 });
    expect(jobs()).toHaveLength(1);
  });
});
