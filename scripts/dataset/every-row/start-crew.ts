import { errorMessage } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { Crew } from './crew.ts';
import { checkHere } from './here.ts';
import type { OpenPart } from './open.ts';
import type { Assignment } from './piece.ts';
import { checkInThreads, type Threads } from './threads.ts';

/** Less than this is checked before a thread has started. */
const WORTH_THREADS = 32 << 20;

/** Threads where they are worth their start; `note`: why there are none although they are. */
export async function startCrew(
  threads: Threads | undefined,
  parts: readonly OpenPart[],
  assignment: Assignment,
  seen: (rows: number) => void,
): Promise<{ crew: Crew; note: string | null }> {
  const bytes = parts.reduce((sum, { file }) => sum + file.byteLength, 0);
  if (!threads || threads.count < 2 || bytes < (threads.from ?? WORTH_THREADS)) {
    return { crew: checkHere(parts, assignment, seen), note: null };
  }
  try {
    return { crew: await checkInThreads(threads, parts, assignment, seen), note: null };
  } catch (error) {
    const note = `Checked in one thread: others could not be started (${preview(errorMessage(error), 120)}).`;
    return { crew: checkHere(parts, assignment, seen), note };
  }
}
