import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode, TrainerError } from '../../errors.ts';
import { type Backend, isOver, type Job } from '../backend.ts';
import { storeError, writeWhole } from '../files.ts';
import { lifeOf } from '../process.ts';
import { needsHub, withoutTokens } from '../variables.ts';
import { layOut, startSupervisor } from './create.ts';
import { followLines } from './follow.ts';
import { type JobFolder, type JobState, jobFolder, readState, writeState } from './job-folder.ts';
import { signalGroup } from './process-group.ts';
import { isRunning, view } from './view.ts';

export interface LocalBackendParams {
  /** The state folder; jobs lie in its `jobs`. */
  home: string;
  env: NodeJS.ProcessEnv;
  /** Given to runs that need the Hub, by environment. */
  token: string | null;
  /** Starts this runtime again: the supervisor is `self... internal-run-local <folder>`. */
  self: readonly [string, ...string[]];
  now: () => Date;
  poll_ms?: number;
  grace_ms?: number;
}

/** Jobs on this machine: each a folder and a supervisor, a process that survives the terminal. */
export function localBackend(params: LocalBackendParams): Backend {
  const { home, env, token, self, now, poll_ms = 250, grace_ms = 60_000 } = params;
  const all = join(home, 'jobs');

  const folderOf = (jobId: string): JobFolder => {
    // A job id becomes a path: only what we make ourselves.
    if (!/^local-[0-9a-z-]+$/.test(jobId)) throw notFound(jobId);
    return jobFolder(join(all, jobId));
  };

  const get = async (jobId: string): Promise<Job> => {
    const folder = folderOf(jobId);
    const state = await readState(folder);
    if (!state) throw notFound(jobId);
    return view(folder, state, now());
  };

  const list = async (): Promise<Job[]> => {
    const names = await readdir(all).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw storeError(error, all);
    });
    const jobs = await Promise.all(
      names
        .filter((name) => name.startsWith('local-'))
        .map(async (name) => {
          const folder = jobFolder(join(all, name));
          // A damaged job must not hide the others; `get` says what is wrong with it.
          const state = await readState(folder).catch(() => null);
          return state ? [await view(folder, state, now())] : [];
        }),
    );
    return jobs.flat().sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  };

  return {
    async create(request) {
      const folder = folderOf(newJobId(now()));
      await layOut(folder, request, now());
      await startSupervisor(folder, {
        self,
        env: { ...withoutTokens(env), ...(token && needsHub(request.plan) ? { HF_TOKEN: token } : {}) },
      });
      return get(basename(folder.path));
    },

    get,
    list,

    find: async (digest) => (await list()).filter((job) => job.digest === digest),

    async *logs(jobId, { follow = false, tail, signal }) {
      await get(jobId);
      const over = async () => !follow || isOver((await get(jobId)).stage);
      yield* followLines(folderOf(jobId).log, { isOver: over, tail, signal, poll_ms });
    },

    async cancel(jobId) {
      const folder = folderOf(jobId);
      const job = await get(jobId);
      if (isOver(job.stage)) return;
      const state = await readState(folder);
      if (state?.supervisor && lifeOf(state.supervisor) === 'dead') await endOrphan(folder, state, grace_ms, now);
      else await writeWhole(folder.cancel, now().toISOString()); // the supervisor looks for it
    },
  };
}

/** The supervisor is dead and the training lives: end its group from here. */
async function endOrphan(folder: JobFolder, state: JobState, grace_ms: number, now: () => Date): Promise<void> {
  const pid = state.child?.pid;
  if (pid !== undefined) {
    signalGroup(pid, 'SIGTERM');
    const deadline = Date.now() + grace_ms;
    while (isRunning(state) && Date.now() < deadline) await sleep(50);
    signalGroup(pid, 'SIGKILL');
  }
  await writeState(folder, { ...state, stage: 'CANCELED', message: 'cancelled', finished_at: now().toISOString() });
}

/** Sorts by time; says where it runs, so that `cancel local-...` is unmistakable. */
function newJobId(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `local-${time}-${randomBytes(3).toString('hex')}`;
}

function notFound(jobId: string): TrainerError {
  return new TrainerError(
    'usage',
    'job_not_found',
    `there is no job ${jobId} on this machine`,
    'hf-llm-trainer ps --all lists the jobs.',
  );
}
