import type { Analysis } from '../analysis.ts';
import type { Piece, Readable } from '../local/reader.ts';
import type { Type } from '../types.ts';
import type { Crew } from './crew.ts';
import { mergeTypes, type Outcome, type Task } from './piece.ts';

export interface Passed {
  /** From the first on, without a gap. */
  rows: number;
  /** Stopped before the last row. */
  stopped: boolean;
  types: Map<string, Type>;
}

/**
 * All pieces of all files through the crew, and what they find into `analyses`, piece after piece in order: the outcome
 * is the same for any crew. After `stop` it ends with the piece that was cut short; those behind it are forgotten,
 * because the rows that were seen have no gap.
 */
export async function passOver(
  files: readonly Readable[],
  columns: readonly string[],
  crew: Crew,
  analyses: readonly Analysis[],
  stop: AbortSignal,
  done: (bytes: number) => void,
): Promise<Passed> {
  const passed: Passed = { rows: 0, stopped: false, types: new Map() };
  const tasks = tasksOf(files, columns);
  const underway: { bytes: number; outcome: Promise<Outcome> }[] = [];
  let more = true;
  const ahead = crew.size * 2;
  const onStop = (): void => crew.stop();
  stop.addEventListener('abort', onStop);
  try {
    if (stop.aborted) crew.stop();
    while (more || underway.length > 0) {
      while (more && underway.length < ahead && !stop.aborted) {
        const { value: task, done: none } = await nextTask(tasks, stop);
        if (none) more = false;
        else {
          const outcome = crew.check(task);
          outcome.catch(() => undefined); // thrown where it is awaited
          underway.push({ bytes: 'group' in task.piece ? 0 : task.piece.end - task.piece.start, outcome });
        }
      }
      const next = underway.shift();
      const outcome = await next?.outcome;
      if (next && outcome) {
        for (const [index, state] of outcome.states.entries()) analyses[index]?.merge(state, passed.rows);
        mergeTypes(passed.types, outcome.types);
        passed.rows += outcome.rows;
        done(next.bytes);
      }
      passed.stopped = outcome?.stopped ?? stop.aborted;
      if (passed.stopped) return passed;
    }
    return passed;
  } finally {
    stop.removeEventListener('abort', onStop);
    await tasks.return(undefined);
  }
}

/** What can't be read because of the stop is as if it were not there. */
async function nextTask(tasks: AsyncGenerator<Task, undefined>, stop: AbortSignal): Promise<IteratorResult<Task>> {
  try {
    return await tasks.next();
  } catch (error) {
    if (!stop.aborted) throw error;
    return { done: true, value: undefined };
  }
}

async function* tasksOf(files: readonly Readable[], columns: readonly string[]): AsyncGenerator<Task, undefined> {
  for (const [file, readable] of files.entries()) {
    const pieces: AsyncIterable<Piece> = readable.pieces(columns);
    for await (const piece of pieces) yield { file, piece };
  }
}
