import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { EXIT, errorMessage, TrainerError } from '../../errors.ts';
import { redact, registerSecret } from '../../redact.ts';
import { isOver } from '../backend.ts';
import { thisProcess } from '../process.ts';
import { TOKEN_VARIABLES, withoutTokens } from '../variables.ts';
import { ensureEnvironment } from './environment.ts';
import { type JobState, jobFolder, readRequest, readState, type StoredRequest } from './job-folder.ts';
import { Recorder } from './recorder.ts';
import { type Ending, outcomeOf, train } from './training-process.ts';

export interface SuperviseContext {
  home: string;
  env: NodeJS.ProcessEnv;
  now: () => Date;
}

export interface SuperviseTiming {
  /** Between SIGTERM, which lets the training write a checkpoint, and SIGKILL. */
  grace_ms?: number;
  poll_ms?: number;
}

/**
 * Runs one job on this machine to its end, in a process of its own that no terminal owns: prepares the
 * packages, starts the script, keeps the log, enforces the timeout, answers a cancel, records the outcome.
 * Returns the exit code of this process, which nobody waits for.
 */
export async function superviseJob(
  path: string,
  context: SuperviseContext,
  timing: SuperviseTiming = {},
): Promise<number> {
  const { env, now } = context;
  for (const name of TOKEN_VARIABLES) registerSecret(env[name] ?? '');
  const folder = jobFolder(path);
  const [before, request] = [await readState(folder), await readRequest(folder)];
  if (!before || !request) {
    throw new TrainerError('usage', 'job_not_found', `${path} holds no job`, 'This command is not for people.');
  }
  if (isOver(before.stage)) return EXIT.job; // given up before this process was there
  const job = new Recorder(folder, { ...before, supervisor: thisProcess() });
  await job.begin();

  const stop = new AbortController();
  const end = (why: Ending) => stop.abort(why);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal));
  const watch = setInterval(() => existsSync(folder.cancel) && end('cancelled'), timing.poll_ms ?? 200);
  const finish = async (stage: JobState['stage'], message: string | null, exit_code: number | null) => {
    clearInterval(watch);
    await job.finish({ stage, message, exit_code, finished_at: now().toISOString() });
    return stage === 'COMPLETED' ? EXIT.ok : EXIT.job;
  };

  try {
    const python =
      env.HF_LLM_TRAINER_PYTHON ||
      (await prepare(request, await readFile(folder.script, 'utf8'), context, job, stop.signal));
    stop.signal.throwIfAborted();
    const ended = await train(python, { request, context, job, folder, stop, grace_ms: timing.grace_ms ?? 60_000 });
    const outcome = outcomeOf(ended);
    return await finish(outcome.stage, outcome.message, ended.code);
  } catch (error) {
    if (stop.signal.aborted) return await finish(...endedBeforeStart(stop.signal.reason));
    const hint = error instanceof TrainerError ? [error.hint] : [];
    job.log([`error: ${errorMessage(error)}`, ...hint].join('\n'));
    return await finish('ERROR', redact(errorMessage(error)), null);
  }
}

async function prepare(
  { plan }: StoredRequest,
  script: string,
  { home, env }: SuperviseContext,
  job: Recorder,
  signal: AbortSignal,
): Promise<string> {
  await job.record({ message: 'installing the training packages' });
  const { python } = await ensureEnvironment({
    home,
    env: withoutTokens(env),
    dependencies: plan.script.dependencies,
    requiresPython: plan.script.requires_python,
    excludeNewer: excludeNewerOf(script),
    gpu: plan.hardware.flavor !== 'cpu',
    say: (line) => job.log(line),
    signal,
  });
  return python;
}

/** The date in the script's own header (PEP 723), which `uv run` obeys on Jobs: the same packages here. */
function excludeNewerOf(script: string): string | undefined {
  return /^# exclude-newer = "([^"\n]+)"$/m.exec(script)?.[1];
}

function endedBeforeStart(why: Ending): [JobState['stage'], string, null] {
  return why === 'cancelled' ? ['CANCELED', 'cancelled', null] : ['ERROR', `stopped by ${why}`, null];
}
