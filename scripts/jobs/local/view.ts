import { stat } from 'node:fs/promises';
import { isOver, type Job } from '../backend.ts';
import { lifeOf, type ProcessIdentity } from '../process.ts';
import { START_MS } from './create.ts';
import { type JobFolder, type JobState, readState } from './job-folder.ts';

const ELSEWHERE_MS = 7 * 24 * 3600 * 1000;

/** The job as it is: what its file says, unless the process that would have written more is gone. */
export async function view(folder: JobFolder, read: JobState, now: Date): Promise<Job> {
  let state = read;
  if (!isOver(state.stage) && state.supervisor && isGone(state.supervisor, state, now)) {
    state = (await readState(folder)) ?? state; // it may have written the outcome since
    if (!isOver(state.stage)) {
      state = isRunning(state)
        ? { ...state, message: 'its supervisor is gone: the timeout is not enforced; `cancel` ends it' }
        : await ended(folder, state, 'its supervisor vanished: the machine restarted, or it was killed');
    }
  } else if (!isOver(state.stage) && !state.supervisor) {
    const young = now.getTime() - Date.parse(state.created_at) < START_MS;
    if (!young && lifeOf(state.creator) === 'dead') state = await ended(folder, state, 'it was never started');
  }
  const { job_id, stage, message, flavor, digest, created_at, started_at, finished_at } = state;
  const backend = 'local';
  return { job_id, backend, stage, message, flavor, digest, created_at, started_at, finished_at, url: folder.log };
}

/** Of a supervisor on another machine (or before this one was renamed) nothing is known but how old the job is. */
function isGone(supervisor: ProcessIdentity, { created_at }: JobState, now: Date): boolean {
  const life = lifeOf(supervisor);
  return life === 'dead' || (life === 'elsewhere' && now.getTime() - Date.parse(created_at) > ELSEWHERE_MS);
}

/** Whether the training itself lives, supervised or not. */
export const isRunning = ({ child }: JobState): boolean => child !== null && lifeOf(child) === 'alive';

/** Nobody saw it end; the last line of its log is the last sign of life. */
async function ended(folder: JobFolder, state: JobState, message: string): Promise<JobState> {
  const lastSign = await stat(folder.log)
    .then(({ mtime }) => mtime.toISOString())
    .catch(() => null);
  return { ...state, stage: 'ERROR', message, finished_at: lastSign };
}
