import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage, TrainerError } from '../../errors.ts';
import { Plan } from '../../plan/schema.ts';
import { STAGES } from '../backend.ts';
import { readIfThere, writeWhole } from '../files.ts';
import { ProcessIdentity } from '../process.ts';

/** A job on this machine is a folder: `home/jobs/<job_id>`. */
export interface JobFolder {
  path: string;
  script: string;
  /** What was asked for; written once. */
  request: string;
  /** Where it stands: `JobState`. */
  state: string;
  log: string;
  /** What the supervisor itself says, which is nothing unless it crashes. */
  supervisorLog: string;
  /** Exists once somebody asked for the job's end. */
  cancel: string;
}

export function jobFolder(path: string): JobFolder {
  return {
    path,
    script: join(path, 'script.py'),
    request: join(path, 'request.json'),
    state: join(path, 'job.json'),
    log: join(path, 'log.txt'),
    supervisorLog: join(path, 'supervisor.txt'),
    cancel: join(path, 'cancel'),
  };
}

export const JobState = z.object({
  job_id: z.string(),
  digest: z.string(),
  flavor: z.string(),
  stage: z.enum(STAGES),
  message: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  exit_code: z.number().int().nullable(),
  /** Who made the folder, and, once it has started, who watches over the run. */
  creator: ProcessIdentity,
  supervisor: ProcessIdentity.nullable(),
  /** The training; also the leader of its process group. */
  child: ProcessIdentity.nullable(),
});
export type JobState = z.infer<typeof JobState>;

export const StoredRequest = z.object({
  plan: Plan,
  digest: z.string(),
  timeout_seconds: z.number().positive(),
  resume: z.boolean(),
});
export type StoredRequest = z.infer<typeof StoredRequest>;

/** Null where there is no such job. Throws TrainerError `job_unreadable`. */
export const readState = (folder: JobFolder): Promise<JobState | null> => readJson(folder.state, JobState);

export const readRequest = (folder: JobFolder): Promise<StoredRequest | null> =>
  readJson(folder.request, StoredRequest);

export const writeState = (folder: JobFolder, state: JobState): Promise<void> =>
  writeWhole(folder.state, `${JSON.stringify(state, null, 2)}\n`);

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : errorMessage(cause);
    throw new TrainerError(
      'unexpected',
      'job_unreadable',
      `${path} can't be read: ${why}`,
      'It was changed or damaged. If nothing of that job is needed, remove its folder.',
      { cause },
    );
  }
}
