import { errorMessage, TrainerError } from '../../errors.ts';
import type { Failed } from './thread-messages.ts';

export function failedOf(error: unknown): Failed {
  if (error instanceof TrainerError) {
    const { kind, code, message, hint } = error;
    return { kind, code, message, hint };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return { kind: null, code: '', message: stack ?? errorMessage(error), hint: '' };
}

export function errorOf({ kind, code, message, hint }: Failed): Error {
  return kind === null ? new Error(message) : new TrainerError(kind, code, message, hint);
}
