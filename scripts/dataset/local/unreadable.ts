import { basename } from 'node:path';
import { errorMessage, systemErrorCode, TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';

/** What an error of the file system means to a person; other errors as they are. */
export function unreadable(path: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (error instanceof TrainerError || code === undefined) return error;
  const denied = code === 'EACCES' || code === 'EPERM';
  return new TrainerError(
    'usage',
    'unreadable_file',
    `${preview(path)} can't be read: ${denied ? `no permission (${code})` : preview(errorMessage(error), 120)}`,
    denied
      ? `Give yourself the right to read it: chmod u+r ${preview(basename(path))}`
      : 'Check the path and the disk.',
    { cause: error },
  );
}
