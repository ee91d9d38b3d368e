/**
 * Expected failures. Each says what went wrong with the value that caused it (`message`) and the next
 * command to run (`hint`). Only main.ts turns one into an exit code; anything else that is thrown is a bug.
 */

/** What an exit code means to whoever called us. Documented in SKILL.md; never renumber. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  data: 3,
  approval: 4,
  auth: 5,
  network: 6,
  job: 7,
} as const;

export type Failure = Exclude<keyof typeof EXIT, 'ok'>;

export class TrainerError extends Error {
  override readonly name = 'TrainerError';

  constructor(
    /** Decides the exit code. */
    readonly kind: Failure,
    /** Stable and machine-readable, snake_case, e.g. `dataset_not_found`. */
    readonly code: string,
    message: string,
    /** The next command, or what to change. */
    readonly hint: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  get exitCode(): number {
    return EXIT[this.kind];
  }
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, ...), also where it is wrapped as a cause. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return systemErrorCode(error.cause);
}
