import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, systemErrorCode, TrainerError } from '../errors.ts';
import { redact } from '../redact.ts';
import { timeoutOfNextAttempt } from './allowance.ts';
import { newEntry, type SubmitParams } from './attempt.ts';
import { type Backend, isOver, type Job } from './backend.ts';
import type { LedgerEntry } from './ledger.ts';
import { adoptUnknownJobs, isInOtherHands, isUnsettled, lookForJob, settle, unknownJobs } from './settle.ts';

export interface Submission {
  job: Job;
  /** The job was already there. */
  reused: boolean;
  attempt: number;
  /** It goes on from the last checkpoint of an earlier attempt. */
  resumed: boolean;
  /** Of this attempt; less than the plan's where earlier attempts used some. */
  timeout_seconds: number;
}

/**
 * One plan, one job, whatever crashes and however many ask at once. An attempt's file is created exclusively
 * before the request, so of several processes one asks and the others wait for its answer; an attempt whose
 * answer is missing is settled by the digest's label at the backend before anything new is sent.
 *
 * Throws TrainerError `nothing_left`, `answer_lost`, `disk_full` and `state_not_writable` (these two before
 * anything is sent), and what the backend throws.
 */
export async function submitOnce(params: SubmitParams): Promise<Submission> {
  const { plan, digest, backend, ledger, again, say, signal } = params;
  let [waited, looked] = [false, false];
  while (true) {
    signal?.throwIfAborted();
    const all = await ledger.attempts(digest);
    // Attempts at another Hub have nothing to do with this one, but keep their numbers.
    const here = all.filter(({ entry }) => entry === null || entry.endpoint === params.endpoint);
    const attempt = (all.at(-1)?.attempt ?? 0) + 1;

    const unsettled = here.find(isUnsettled);
    if (unsettled && isInOtherHands(unsettled)) {
      if (!waited) say('Another process is submitting this plan: waiting for its answer');
      waited = true;
      await sleep(params.poll_ms ?? 200, undefined, signal ? { signal } : {});
      continue;
    }
    if (unsettled) {
      await settle(params, unsettled);
      continue;
    }

    const submitted = here.flatMap(({ entry }) => (entry?.state === 'submitted' ? [entry] : []));
    const last = submitted.at(-1);
    if (last?.job) {
      if (!isOver(last.job.stage)) {
        last.job = await currentJob(backend, last.job);
        await ledger.update(last);
      }
      const done = last.job.stage === 'COMPLETED';
      if (!isOver(last.job.stage) || (done && !again)) return { ...submission(last, last.job), reused: true };
    }

    if (!looked) {
      looked = true;
      if (await adoptUnknownJobs(params, attempt, last?.run ?? 1)) continue;
    }

    const run = (last?.run ?? 1) + (last && again ? 1 : 0);
    const earlier = submitted.filter((entry) => entry.run === run);
    const timeout_seconds = timeoutOfNextAttempt(plan, earlier);
    const entry = { ...newEntry(params, attempt), run, timeout_seconds, resume: !again, goes_on: earlier.length > 0 };
    if (await ledger.create(entry)) return await request(params, entry);
  }
}

/** The attempt is ours alone: asks for the job and writes down what came of it. */
async function request(params: SubmitParams, entry: LedgerEntry): Promise<Submission> {
  const { plan, digest, script, backend, ledger, now, say } = params;
  const { timeout_seconds, resume } = entry;
  const refused = async (error: unknown) => {
    // Where even that can't be written, the label tells later that there is no job.
    const said = redact(errorMessage(error));
    await ledger.update({ ...entry, state: 'refused', error: said }).catch(() => undefined);
    return error;
  };
  try {
    await params.prepare?.();
    const elsewhere = (await unknownJobs(params)).find(({ stage }) => !isOver(stage));
    if (elsewhere) return await adopt(params, entry, elsewhere);
    params.signal?.throwIfAborted(); // the last moment at which Ctrl-C costs nothing
  } catch (error) {
    throw await refused(error);
  }
  const asked: LedgerEntry = { ...entry, asked_at: now().toISOString() };
  await ledger.update(asked);

  let job: Job | null = null;
  try {
    job = await backend.create({ plan, digest, script, timeout_seconds, resume });
  } catch (error) {
    if (isRefusal(error)) throw await refused(error);
    await ledger.update({ ...asked, state: 'unknown' });
    say(`No answer (${redact(errorMessage(error))}): looking whether the job was created`);
    job = await lookForJob(params, asked).catch(() => null);
    if (!job) throw answerLost(error);
  }
  const known: LedgerEntry = { ...asked, state: 'submitted', job };
  // The job is there: a ledger that can't be written any more must not hide it. Its label finds it again.
  await ledger.update(known).catch((error: unknown) => say(`warning: ${errorMessage(error)}`));
  return { ...submission(known, job), reused: false };
}

/** Another machine went on with this plan, or was quicker while this one prepared: its job is the job. */
async function adopt(params: SubmitParams, entry: LedgerEntry, job: Job): Promise<Submission> {
  const known: LedgerEntry = {
    ...entry,
    state: 'submitted',
    created_at: job.created_at,
    asked_at: job.created_at,
    job,
  };
  await params.ledger.update(known);
  return { ...submission(known, job), reused: true };
}

const submission = (entry: LedgerEntry, job: Job): Omit<Submission, 'reused'> => ({
  job,
  attempt: entry.attempt,
  resumed: entry.resume && entry.goes_on,
  timeout_seconds: entry.timeout_seconds,
});

/** One that the backend doesn't know any more was deleted. */
async function currentJob(backend: Backend, job: Job): Promise<Job> {
  try {
    return await backend.get(job.job_id);
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'job_not_found') return { ...job, stage: 'DELETED' };
    throw error;
  }
}

/** Failures before which nothing can have been created: a clear no, or no connection at all. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

function isRefusal(error: unknown): boolean {
  if (!(error instanceof TrainerError)) return false;
  return (
    error.kind !== 'network' || error.code === 'rate_limited' || NEVER_SENT.includes(systemErrorCode(error.cause) ?? '')
  );
}

function answerLost(cause: unknown): unknown {
  if (!(cause instanceof TrainerError)) return cause;
  return new TrainerError(
    'network',
    'answer_lost',
    `it is unknown whether the job was created: ${cause.message}`,
    'Submit the same plan again in a minute: it looks for that job first, and never makes a second one.',
    { cause },
  );
}
