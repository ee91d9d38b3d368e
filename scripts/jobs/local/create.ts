import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainerError } from '../../errors.ts';
import type { JobRequest } from '../backend.ts';
import { storeError, writeWhole } from '../files.ts';
import { thisProcess } from '../process.ts';
import { lastLines } from './failure.ts';
import { type JobFolder, readState, writeState } from './job-folder.ts';

/** How long after its creation a job may be without a supervisor. */
export const START_MS = 30_000;

/** Writes the folder of a new job; it is one from the moment that its state is there. */
export async function layOut(folder: JobFolder, request: JobRequest, now: Date): Promise<void> {
  const { script, ...stored } = request;
  try {
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    await writeFile(folder.script, script, { mode: 0o600 });
    await writeFile(folder.log, '', { mode: 0o600 });
  } catch (error) {
    throw storeError(error, folder.path);
  }
  await writeWhole(folder.request, `${JSON.stringify(stored, null, 2)}\n`);
  // Last: a folder without a state is no job.
  await writeState(folder, {
    job_id: basename(folder.path),
    digest: request.digest,
    flavor: request.plan.hardware.flavor,
    stage: 'SCHEDULING',
    message: null,
    created_at: now.toISOString(),
    started_at: null,
    finished_at: null,
    exit_code: null,
    creator: thisProcess(),
    supervisor: null,
    child: null,
  });
}

/** Returns once the supervisor has taken the job over. */
export async function startSupervisor(
  folder: JobFolder,
  { self, env }: { self: readonly [string, ...string[]]; env: NodeJS.ProcessEnv },
): Promise<void> {
  const [command, ...args] = self;
  const said = openSync(folder.supervisorLog, 'a', 0o600);
  let gone: string | null = null;
  const child = spawn(command, [...args, 'internal-run-local', folder.path], {
    cwd: folder.path, // not the caller's, which may be deleted or unmounted meanwhile
    env,
    detached: true, // a session of its own: no terminal's end reaches it
    stdio: ['ignore', said, said],
    windowsHide: true,
  });
  child.on('error', (error) => {
    gone = error.message;
  });
  child.on('exit', (code, signal) => {
    gone = `it ended with ${signal ?? `exit code ${code}`}`;
  });
  child.unref();
  closeSync(said);
  const deadline = Date.now() + START_MS;
  while (true) {
    const state = await readState(folder);
    if (state?.supervisor) return;
    if (gone !== null || Date.now() > deadline) {
      const why = `${gone ?? 'it did not answer in time'}. ${lastLines(await readFile(folder.supervisorLog, 'utf8'), 15)}`;
      if (state)
        await writeState(folder, { ...state, stage: 'ERROR', message: `its supervisor did not start: ${why}` });
      throw new TrainerError(
        'job',
        'supervisor_failed',
        `the process that watches over the job did not start: ${why}`,
        `Nothing runs. See ${folder.supervisorLog}, then submit the same plan again.`,
      );
    }
    await sleep(30);
  }
}
