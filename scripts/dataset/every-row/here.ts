import { setImmediate } from 'node:timers/promises';
import type { Readable } from '../local/reader.ts';
import type { Crew } from './crew.ts';
import { type Assignment, checkPiece } from './piece.ts';

/** Checks pieces in this thread, one after the other. */
export function checkHere(files: readonly Readable[], assignment: Assignment, seen: (rows: number) => void): Crew {
  let stopped = false;
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    check({ file, piece }) {
      const next = last.then(async () => {
        await setImmediate(); // a signal gets its turn
        const readable = files[file];
        if (!readable) throw new Error('a task for a file that is not there');
        return checkPiece(readable, piece, assignment, { seen, stopped: () => stopped });
      });
      last = next.catch(() => undefined);
      return next;
    },
    stop() {
      stopped = true;
    },
    close: async () => {},
  };
}
