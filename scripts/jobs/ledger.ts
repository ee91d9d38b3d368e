import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage, systemErrorCode } from '../errors.ts';
import { Plan } from '../plan/schema.ts';
import { isOver, type Job, STAGES } from './backend.ts';
import { createWhole, readIfThere, storeError, writeWhole } from './files.ts';
import { ProcessIdentity } from './process.ts';

/**
 * What was submitted from here: one file an attempt, `home/ledger/<digest>/<attempt>.json`, written before
 * the request goes out. No token is ever in it.
 */
const StoredJob = z.object({
  job_id: z.string(),
  backend: z.enum(['hf', 'local']),
  stage: z.enum(STAGES),
  message: z.string().nullable(),
  flavor: z.string(),
  digest: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  url: z.string(),
}) satisfies z.ZodType<Job>;

export const LedgerEntry = z.object({
  version: z.literal(1),
  digest: z.string(),
  /** From 1; refused requests count, too. */
  attempt: z.number().int().positive(),
  /** Attempts that go on from each other are one run, and share one approved maximum. `--again` begins a new one. */
  run: z.number().int().positive(),
  /**
   * submitting: its owner is about to ask, or did and has no answer yet; submitted: `job` is the answer;
   * unknown: the answer was lost; absent: no job came of it; refused: the backend said no.
   */
  state: z.enum(['submitting', 'submitted', 'unknown', 'absent', 'refused']),
  owner: ProcessIdentity,
  created_at: z.string(),
  /** Just before the request went out; null until then: no job can have come of it. */
  asked_at: z.string().nullable(),
  backend: z.enum(['hf', 'local']),
  /** Null on this machine. */
  endpoint: z.string().nullable(),
  namespace: z.string().nullable(),
  timeout_seconds: z.number().positive(),
  /** False: from nothing, although a checkpoint may exist. */
  resume: z.boolean(),
  /** Earlier attempts of this run had a job, which may have left a checkpoint. */
  goes_on: z.boolean(),
  plan: Plan,
  /** As last seen. */
  job: StoredJob.nullable(),
  /** Why it was refused. */
  error: z.string().nullable(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** An attempt's file. One that can't be read still counts: a job may have come of it. */
export interface Attempt {
  attempt: number;
  entry: LedgerEntry | null;
  /** Why there is no entry. */
  problem: string | null;
  /** Since the file was last written. */
  age_ms: number;
}

export interface Ledger {
  /** Oldest first. */
  attempts(digest: string): Promise<Attempt[]>;
  /** False if this attempt exists: somebody else made it. Throws TrainerError `disk_full`, `state_not_writable`. */
  create(entry: LedgerEntry): Promise<boolean>;
  update(entry: LedgerEntry): Promise<void>;
  /** Everything, newest first, and the files that can't be read. */
  list(): Promise<{ entries: LedgerEntry[]; problems: string[] }>;
  /** By job id; null for a job that wasn't submitted from here. */
  find(jobId: string): Promise<LedgerEntry | null>;
  /** Keeps what a backend said about a job. */
  record(entry: LedgerEntry, job: Job): Promise<LedgerEntry>;
}

export function openLedger(home: string): Ledger {
  const root = join(home, 'ledger');
  const pathOf = ({ digest, attempt }: LedgerEntry): string => join(root, digest, `${attempt}.json`);
  const update = (entry: LedgerEntry): Promise<void> => writeWhole(pathOf(entry), text(entry));

  const attempts = async (digest: string): Promise<Attempt[]> => {
    const folder = join(root, digest);
    const numbers = (await namesIn(folder)).flatMap((name) => /^([1-9]\d*)\.json$/.exec(name)?.[1] ?? []).map(Number);
    const read = numbers.map(async (attempt) => readAttempt(join(folder, `${attempt}.json`), attempt));
    return (await Promise.all(read)).flat().sort((a, b) => a.attempt - b.attempt);
  };

  const list = async (): Promise<{ entries: LedgerEntry[]; problems: string[] }> => {
    const digests = (await namesIn(root)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const all = (await Promise.all(digests.map(attempts))).flat();
    return {
      entries: all
        .flatMap(({ entry }) => entry ?? [])
        .sort((a, b) => b.created_at.localeCompare(a.created_at) || b.attempt - a.attempt),
      problems: all.flatMap(({ problem }) => problem ?? []),
    };
  };

  return {
    attempts,
    create: (entry) => createWhole(pathOf(entry), text(entry)),
    update,
    list,
    find: async (jobId) => (await list()).entries.find(({ job }) => job?.job_id === jobId) ?? null,
    record: async (entry, job) => {
      if (JSON.stringify(entry.job) === JSON.stringify(job)) return entry;
      const updated: LedgerEntry = { ...entry, state: 'submitted', job };
      await update(updated);
      return updated;
    },
  };
}

/** The newest entry whose job is known to have finished with a model: what `--model last` means. */
export const lastCompleted = (entries: LedgerEntry[]): LedgerEntry | null =>
  entries.find(({ job }) => job?.stage === 'COMPLETED') ?? null;

/** Entries whose job may still change: whoever lists them asks the backend first. */
export const isOpen = ({ job }: LedgerEntry): boolean => job !== null && !isOver(job.stage);

const text = (entry: LedgerEntry): string => `${JSON.stringify(entry, null, 2)}\n`;

async function readAttempt(path: string, attempt: number): Promise<Attempt[]> {
  const written = await readIfThere(path);
  if (written === null) return [];
  const age_ms = Date.now() - (await stat(path)).mtimeMs;
  try {
    return [{ attempt, entry: LedgerEntry.parse(JSON.parse(written)), problem: null, age_ms }];
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : errorMessage(error);
    return [{ attempt, entry: null, problem: `${path} can't be read: ${why}`, age_ms }];
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw storeError(error, folder);
  }
}
