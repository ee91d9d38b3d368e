import { TrainerError } from '../errors.ts';
import { whoami } from '../hub/whoami.ts';
import type { Backend, Job } from '../jobs/backend.ts';
import { hfBackend } from '../jobs/hf/backend.ts';
import { type LedgerEntry, openLedger } from '../jobs/ledger.ts';
import { localBackend } from '../jobs/local/backend.ts';
import type { Plan } from '../plan/schema.ts';
import type { CommandContext } from './context.ts';

/** The backend that a plan names. On `hf`, `namespace` is who pays: the owner of the output repository. */
export async function openBackend(
  kind: Plan['hardware']['backend'],
  context: CommandContext,
  namespace: string | null,
): Promise<Backend> {
  if (kind === 'local') return localBackend({ ...context, token: context.hub.token });
  return hfBackend({ hub: context.hub, namespace: namespace ?? (await whoami(context.hub)).name });
}

export const backendOf = (entry: LedgerEntry, context: CommandContext): Promise<Backend> =>
  openBackend(entry.backend, context, entry.namespace);

export interface FoundJob {
  job_id: string;
  backend: Backend;
  /** What submitted it; null for a job that wasn't submitted from here. */
  entry: LedgerEntry | null;
}

/** The job of that id, or the newest that was submitted from here. Throws TrainerError `usage`. */
export async function findJob(id: string | undefined, context: CommandContext): Promise<FoundJob> {
  const ledger = openLedger(context.home);
  const newest = async () => (await ledger.list()).entries.find(({ job }) => job !== null) ?? null;
  const entry = id === undefined ? await newest() : await ledger.find(id);
  if (entry?.job) return { job_id: entry.job.job_id, backend: await backendOf(entry, context), entry };
  if (id === undefined) {
    throw new TrainerError(
      'usage',
      'no_job',
      'no job was submitted from here yet',
      'Make a plan first: hf-llm-trainer plan --model ... --dataset ...',
    );
  }
  return {
    job_id: id,
    backend: await openBackend(id.startsWith('local-') ? 'local' : 'hf', context, null),
    entry: null,
  };
}

/** The job as it is now, kept in the ledger, so that `--model last` and `ps` know what became of it. */
export async function currentJob({ job_id, backend, entry }: FoundJob, context: CommandContext): Promise<Job> {
  const job = await backend.get(job_id);
  if (entry) await openLedger(context.home).record(entry, job);
  return job;
}
