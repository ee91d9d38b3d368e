import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { Row } from '../rows.ts';
import type { Type } from '../types.ts';
import type { DataFile } from './data-file.ts';
import type { GroupPart } from './parquet/cut.ts';

/** One kind of data file. */
export interface Reader {
  /** Throws TrainerError `data` where the file is broken, with the place, as all functions here. */
  open(file: DataFile): Promise<Readable>;
}

export interface Readable {
  /** What the file says of its rows without their being read; null where it says nothing. */
  declared: { rows: number; columns: ColumnTypes } | null;
  /** Parts that can be read side by side, in order. `columns`: those that will be read, all without. */
  pieces(columns?: readonly string[]): AsyncIterable<Piece>;
  /** Rows from the first on, with all columns. Leaving the loop ends the reading. */
  all(): AsyncIterable<readonly Row[]>;
  /** Rows of a piece in order. Leaving the loop ends the reading. */
  batches(piece: Piece, columns?: readonly string[]): AsyncIterable<readonly Row[]>;
}

/** A part of a file, as plain data: the lines that begin in a range of bytes, or rows of a parquet row group. */
export type Piece = Bytes | GroupPart;

export interface Bytes {
  start: number;
  end: number;
}

/** In the files' order. The type's name where the format says it, else the type as inferred from the values. */
export type ColumnTypes = ReadonlyMap<string, string | Type>;

export function broken(path: string, where: string, why: string, hint: string, cause?: unknown): TrainerError {
  return new TrainerError('data', 'broken_file', `${preview(path, 200)}${where}: ${preview(why, 160)}`, hint, {
    cause,
  });
}

/** A file whose rows can be read only from its beginning. */
export function whole(file: DataFile, batches: () => AsyncIterable<readonly Row[]>): Readable {
  return {
    declared: null,
    async *pieces() {
      yield { start: 0, end: file.byteLength };
    },
    all: batches,
    batches,
  };
}
