import { setTimeout as sleep } from 'node:timers/promises';
import { newEntry, type SubmitParams } from './attempt.ts';
import type { Job } from './backend.ts';
import type { Attempt, LedgerEntry } from './ledger.ts';
import { lifeOf } from './process.ts';

/** What became of attempts that have no answer: crashed in between, lost on the network, or still under way. */

/** Another machine's process can't be looked at: after this long it is taken for dead. */
const ELSEWHERE_MS = 10 * 60_000;
/** A file may be caught half written on a file system without hard links. */
const HALF_WRITTEN_MS = 5_000;

export const isUnsettled = ({ entry }: Attempt): boolean =>
  entry === null || entry.state === 'submitting' || entry.state === 'unknown';

/** Somebody is at it right now. */
export function isInOtherHands({ entry, age_ms }: Attempt): boolean {
  if (!entry) return age_ms < HALF_WRITTEN_MS;
  if (entry.state !== 'submitting') return false;
  const life = lifeOf(entry.owner);
  return life === 'alive' || (life === 'elsewhere' && age_ms < ELSEWHERE_MS);
}

/** Finds its job by the label, or writes down that there is none. */
export async function settle(params: SubmitParams, { attempt, entry, problem, age_ms }: Attempt): Promise<void> {
  if (problem) params.say(`warning: ${problem}`);
  const { ledger, now } = params;
  if (entry && entry.asked_at === null) return ledger.update({ ...entry, state: 'absent' }); // it never asked
  const asked_at = new Date(now().getTime() - age_ms).toISOString();
  const known = entry ?? { ...newEntry(params, attempt), asked_at };
  const job = await lookForJob(params, known);
  await ledger.update({ ...known, state: job ? 'submitted' : 'absent', job });
}

/**
 * The job with this digest's label that no attempt knows yet; null once it must have appeared in the list.
 * Throws what the backend throws: then nothing is known, and nothing new may be sent.
 */
export async function lookForJob(params: SubmitParams, entry: LedgerEntry): Promise<Job | null> {
  const { now, signal } = params;
  const lag = params.listing_lag_ms ?? (entry.backend === 'local' ? 0 : 30_000);
  const until = Date.parse(entry.asked_at ?? entry.created_at) + lag;
  while (true) {
    const late = now().getTime() >= until; // before asking: the answer is at least as new
    const [job] = await unknownJobs(params);
    if (job || late) return job ?? null;
    await sleep(Math.min(lag / 10, 3000), undefined, signal ? { signal } : {});
  }
}

/** Jobs with this digest's label that no attempt knows, newest first. */
export async function unknownJobs({ backend, ledger, digest }: SubmitParams): Promise<Job[]> {
  const known = new Set((await ledger.attempts(digest)).map(({ entry }) => entry?.job?.job_id));
  return (await backend.find(digest)).filter(({ job_id }) => !known.has(job_id));
}

/**
 * Jobs of a plan that this ledger has never seen: submitted from another machine, or the ledger was removed. They
 * become attempts of this run.
 */
export async function adoptUnknownJobs(params: SubmitParams, attempt: number, run: number): Promise<boolean> {
  const jobs = (await unknownJobs(params)).reverse(); // oldest first
  for (const [index, job] of jobs.entries()) {
    const at = job.created_at;
    const entry: LedgerEntry = {
      ...newEntry(params, attempt + index),
      run,
      state: 'submitted',
      created_at: at,
      asked_at: at,
      goes_on: index > 0,
      job,
    };
    if (!(await params.ledger.create(entry))) return true; // somebody else does the same
  }
  return jobs.length > 0;
}
