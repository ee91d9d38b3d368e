import type { Failure } from '../../errors.ts';
import type { Assignment, Outcome, Task } from './piece.ts';

/** What a thread is made with. `kind` tells it from any other use of a worker thread. */
export interface ThreadData {
  kind: typeof THREAD;
  assignment: Assignment;
  files: readonly ThreadFile[];
}

export const THREAD = 'hf-llm-trainer rows';

/** A file of this machine, or one that the main thread reads for it. */
export interface ThreadFile {
  name: string;
  byteLength: number;
  path: string | null;
}

export type ToThread =
  | { type: 'task'; task: Task }
  | { type: 'stop' }
  | { type: 'bytes'; id: number; bytes: ArrayBuffer }
  | { type: 'no-bytes'; id: number; error: Failed };

export type FromThread =
  | { type: 'ready' }
  | { type: 'seen'; rows: number }
  | { type: 'done'; outcome: Outcome }
  | { type: 'failed'; error: Failed }
  | { type: 'read'; id: number; file: number; start: number; end: number };

/** An error as plain data. */
export interface Failed {
  /** Null for what is no TrainerError. */
  kind: Failure | null;
  code: string;
  message: string;
  hint: string;
}
