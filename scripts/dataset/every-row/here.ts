import { setImmediate } from 'node:timers/promises';
import type { Crew } from './crew.ts';
import { limited } from './limited.ts';
import type { OpenPart } from './open.ts';
import { type Assignment, checkPiece } from './piece.ts';

/** Pieces that are read at once where each reading waits for the network. */
const FAR = 4;

/** Checks pieces in this thread. */
export function checkHere(parts: readonly OpenPart[], assignment: Assignment, seen: (rows: number) => void): Crew {
  let stopped = false;
  const size = parts.every(({ file }) => file.near) ? 1 : FAR;
  const turn = limited(size);
  return {
    size,
    check: ({ file, piece }) =>
      turn(async () => {
        await setImmediate(); // a signal gets its turn
        const part = parts[file];
        if (!part) throw new Error('a task for a file that is not there');
        return checkPiece(part.readable, piece, assignment, { seen, stopped: () => stopped });
      }),
    stop() {
      stopped = true;
    },
    close: async () => {},
  };
}
