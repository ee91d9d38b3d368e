import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from '../process.ts';
import { needsHub, trainingVariables, withoutTokens } from '../variables.ts';
import type { JobFolder, JobState, StoredRequest } from './job-folder.ts';
import { LineWriter } from './line-writer.ts';
import { signalGroup } from './process-group.ts';
import type { Recorder } from './recorder.ts';

/** `sysexits.h` EX_TEMPFAIL: the training script's word for "stopped before the last step, with a checkpoint". */
const EXIT_STOPPED = 75;

/** Why a running script is being ended. */
export type Ending = 'cancelled' | 'timeout' | NodeJS.Signals;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  why: Ending | null;
}

/** Starts the script in a process group of its own and waits until nothing of that group is left. */
export async function train(
  python: string,
  run: {
    request: StoredRequest;
    context: { home: string; env: NodeJS.ProcessEnv; now: () => Date };
    job: Recorder;
    folder: JobFolder;
    stop: AbortController;
    grace_ms: number;
  },
): Promise<Ended> {
  const { request, context, job, folder, stop, grace_ms } = run;
  const child = spawn(python, [folder.script], {
    cwd: folder.path,
    env: trainingEnvironment(request, context),
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const streams = [child.stdout, child.stderr].map((stream) => {
    const writer = new LineWriter((lines) => job.append(lines));
    stream.on('data', (bytes: Buffer) => writer.push(bytes));
    return new Promise<void>((resolve) => stream.on('close', resolve)).then(() => writer.end());
  });
  const pid = child.pid;
  if (pid === undefined) {
    await exited; // rejects: there is no such program
    throw new Error(`${python} did not start`);
  }
  const started_at = context.now().toISOString();
  await job.record({ stage: 'RUNNING', message: null, child: processIdentity(pid), started_at });

  const timeout = setTimeout(() => stop.abort('timeout'), request.timeout_seconds * 1000);
  let kill: NodeJS.Timeout | undefined;
  const terminate = () => {
    signalGroup(pid, 'SIGTERM');
    kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), grace_ms);
  };
  stop.signal.addEventListener('abort', terminate, { once: true });
  if (stop.signal.aborted) terminate();
  try {
    const { code, signal } = await exited;
    // Whatever the script started must not outlive it, nor keep its pipes open.
    signalGroup(pid, 'SIGKILL');
    await Promise.race([Promise.all(streams), sleep(2000, undefined, { ref: false })]);
    return { code, signal, why: stop.signal.aborted ? stop.signal.reason : null };
  } finally {
    clearTimeout(timeout);
    clearTimeout(kill);
  }
}

function trainingEnvironment(
  request: StoredRequest,
  { env, home }: { env: NodeJS.ProcessEnv; home: string },
): NodeJS.ProcessEnv {
  // Without need of the Hub: no token, and no call to it either.
  const base: NodeJS.ProcessEnv = needsHub(request.plan) ? { ...env } : { ...withoutTokens(env), HF_HUB_OFFLINE: '1' };
  // Of some other environment; and without compiled files the packages take twice as long to import.
  for (const name of ['PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV', 'PYTHONDONTWRITEBYTECODE']) delete base[name];
  return {
    ...base,
    ...trainingVariables(request),
    TRACKIO_DIR: join(home, 'trackio'),
    PYTHONIOENCODING: 'utf-8', // on Windows a pipe is not UTF-8 by itself
  };
}

/** What an ended script means. Exported for its table of cases. */
export function outcomeOf({ code, signal, why }: Ended): { stage: JobState['stage']; message: string | null } {
  if (code === 0) return { stage: 'COMPLETED', message: null };
  if (why === 'cancelled') return { stage: 'CANCELED', message: 'cancelled' };
  if (why === 'timeout') return { stage: 'ERROR', message: 'Job timeout' };
  if (code === EXIT_STOPPED) return { stage: 'ERROR', message: 'stopped before its last step, checkpoint saved' };
  if (why) return { stage: 'ERROR', message: `stopped by ${why}` };
  if (signal === 'SIGKILL') return { stage: 'ERROR', message: 'killed by SIGKILL: often the system, out of memory' };
  return { stage: 'ERROR', message: signal ? `killed by ${signal}` : `exit code ${code}` };
}
