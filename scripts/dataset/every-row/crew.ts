import type { Outcome, Task } from './piece.ts';

/** Who checks pieces: threads, or this one. */
export interface Crew {
  /** Pieces that can be under way at once. */
  readonly size: number;
  /** Waits for a free hand. Throws TrainerError as `checkPiece`. */
  check(task: Task): Promise<Outcome>;
  /** What is under way ends soon, with what it has. */
  stop(): void;
  close(): Promise<void>;
}
