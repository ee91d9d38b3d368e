import { EXIT, errorMessage } from '../errors.ts';
import { isOver, type Stage } from '../jobs/backend.ts';
import { isOpen, type LedgerEntry, openLedger } from '../jobs/ledger.ts';
import { preview } from '../printable.ts';
import type { CommandContext } from './context.ts';
import { backendOf, currentJob } from './jobs.ts';

interface Row {
  job_id: string;
  backend: string;
  stage: Stage;
  flavor: string;
  created_at: string;
  model: string;
  dataset: string;
  /** Why the stage could not be read. */
  note?: string;
}

/** `ps`: the jobs that were submitted from here, newest first; those that are over only with `--all`. */
export async function psCommand(flags: { all?: boolean }, context: CommandContext): Promise<number> {
  const { entries, problems } = await openLedger(context.home).list();
  for (const problem of problems) context.out.say(`warning: ${preview(problem, 300)}`);
  const rows = await Promise.all(entries.map((entry) => row(entry, context)));
  const shown = rows.filter((item) => item !== null).filter((item) => flags.all || !isOver(item.stage));
  context.out.result(shown, () => (shown.length === 0 ? empty(flags.all ?? false) : table(shown)));
  return EXIT.ok;
}

async function row(entry: LedgerEntry, context: CommandContext): Promise<Row | null> {
  const { job, plan } = entry;
  if (job === null) return null;
  const fixed = {
    job_id: job.job_id,
    backend: job.backend,
    flavor: plan.hardware.flavor,
    created_at: entry.created_at,
    model: plan.model.id,
    dataset: plan.dataset.id,
  };
  if (!isOpen(entry)) return { ...fixed, stage: job.stage };
  try {
    const backend = await backendOf(entry, context);
    return { ...fixed, stage: (await currentJob({ job_id: job.job_id, backend, entry }, context)).stage };
  } catch (error) {
    return { ...fixed, stage: 'UNKNOWN', note: errorMessage(error) };
  }
}

function table(rows: Row[]): string {
  const cells = rows.map((item) => [
    item.job_id,
    item.stage,
    item.flavor,
    item.created_at.slice(0, 16).replace('T', ' '),
    preview(`${basename(item.model)} on ${basename(item.dataset)}`, 60),
    item.note ? preview(item.note, 80) : '',
  ]);
  const all = [['JOB', 'STAGE', 'HARDWARE', 'CREATED', 'WHAT', ''], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const basename = (id: string): string => id.split(/[/\\]/).at(-1) ?? id;
const empty = (all: boolean): string =>
  all ? 'No job was submitted from here yet.' : 'No job is running. `hf-llm-trainer ps --all` shows finished ones.';
