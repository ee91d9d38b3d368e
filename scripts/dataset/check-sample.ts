import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import type { CheckOptions } from './every-row/check.ts';
import type { Column } from './report.ts';
import type { RowSource, SeenRow } from './rows.ts';
import type { MethodTrial } from './trial.ts';

/** Rows that decide what the columns are and which mappings are worth trying. */
export const HEAD = 50;

/** What a check of rows gives, a sample's or every row's. */
export interface Checked {
  source: Omit<RowSource, 'rows' | 'mixed'>;
  trials: readonly MethodTrial[];
  seen: number;
  /** The first rows, as the data have them. */
  head: readonly SeenRow[];
}

/** The trials of all methods asked for. Throws TrainerError `usage`: the mapping names a column that isn't there. */
export type MakeTrials = (
  columns: readonly Column[],
  mixed: readonly string[],
  head: readonly SeenRow[],
) => readonly MethodTrial[];

export interface Progress {
  rows: number;
  rows_total: number | null;
  /** Of the work that is done, 0 to 1; null where that is not known. */
  share: number | null;
}

/** Every row that the source has to show through every method, once. After `stop` it ends with what was seen. */
export async function checkSample(
  source: RowSource,
  makeTrials: MakeTrials,
  { progress, signal, stop, sample }: Pick<CheckOptions, 'progress' | 'signal' | 'stop' | 'sample'>,
): Promise<Checked> {
  const rows = source.rows()[Symbol.asyncIterator]();
  const head = await take(rows, HEAD);
  if (head.length === 0) throw emptyDataset(source);
  const trials = makeTrials(source.columns, source.mixed, head);
  let seen = 0;
  try {
    for await (const row of chain(head, rows)) {
      for (const trial of trials) trial.add(row);
      sample?.add(row);
      seen += 1;
      if (seen % 100 !== 0) continue;
      progress?.({ rows: seen, rows_total: source.rows_total, share: null });
      if (stop?.aborted) break;
      signal?.throwIfAborted();
    }
  } catch (error) {
    // What could not be read because of the stop is none to report.
    if (!stop?.aborted) throw error;
  }
  const { rows: _, mixed: __, ...facts } = source;
  const stopped = stop?.aborted && seen !== source.rows_total;
  if (stopped) sample?.incomplete();
  const notes = stopped ? [stoppedNote(seen, source.rows_total)] : [];
  return { source: { ...facts, notes: [...facts.notes, ...notes] }, trials, seen, head };
}

export function stoppedNote(rows: number, total: number | null): string {
  const of = total === null ? '' : ` of ${total.toLocaleString('en')}`;
  return `Stopped by you after ${rows.toLocaleString('en')}${of} rows: the rest was not checked.`;
}

export function emptyDataset({ dataset, split }: Pick<RowSource, 'dataset' | 'split'>): TrainerError {
  return new TrainerError(
    'data',
    'empty_dataset',
    `${preview(dataset, 200)}, split ${preview(split)}, has no rows`,
    'Choose another split with --split, or other data.',
  );
}

async function take(rows: AsyncIterator<SeenRow>, count: number): Promise<SeenRow[]> {
  const taken: SeenRow[] = [];
  while (taken.length < count) {
    const { done, value } = await rows.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

async function* chain(head: readonly SeenRow[], rest: AsyncIterator<SeenRow>): AsyncGenerator<SeenRow> {
  yield* head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
