import { type Checked, type CheckOptions, emptyDataset, HEAD, type MakeTrials, stoppedNote } from './checked.ts';
import type { RowSource, SeenRow } from './rows.ts';

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
