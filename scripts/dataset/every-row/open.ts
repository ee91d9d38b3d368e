import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { Readable } from '../local/reader.ts';
import { DATA_FILES, kindOf } from '../local/readers.ts';
import { withTail } from '../local/tail.ts';
import type { FilePart } from '../rows.ts';
import { limited } from './limited.ts';

export interface OpenPart extends FilePart {
  readable: Readable;
}

/** Files whose footers are asked for at once. */
const AT_ONCE = 16;
/** Bytes at the end of a parquet file that hold its footer, mostly: each thread needs it, and it comes once. */
const TAIL = 1 << 16;

/** Throws TrainerError `data` for a file that is broken or of no kind that is known. */
export function openParts(parts: readonly FilePart[]): Promise<OpenPart[]> {
  const turn = limited(AT_ONCE);
  return Promise.all(parts.map((part) => turn(() => opened(part))));
}

async function opened({ file: given, path }: FilePart): Promise<OpenPart> {
  const kind = kindOf(given.name);
  if (!kind) {
    throw new TrainerError(
      'data',
      'unknown_file',
      `${preview(given.name, 200)} is not a data file that can be read`,
      `Give ${DATA_FILES} files.`,
    );
  }
  const file = kind.family === 'parquet' && !given.near ? withTail(given, TAIL) : given;
  return { file, path, readable: await kind.reader.open(file) };
}
