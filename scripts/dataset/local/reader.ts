import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { Row } from '../rows.ts';
import type { Type } from '../types.ts';
import type { Files } from './files.ts';

/** One kind of data file. */
export interface Reader {
  /** Rows in order. Throws TrainerError `data` where the file is broken, with the line. */
  rows(files: Files, path: string): AsyncIterable<Row>;
  /** Columns with their types, and how many rows. Has to read the file where the format doesn't say. */
  survey(files: Files, path: string): Promise<Survey>;
}

/** In the files' order. The type's name where the format says it, else the type as inferred from the values. */
export type ColumnTypes = ReadonlyMap<string, string | Type>;

export interface Survey {
  rows: number;
  columns: ColumnTypes;
}

export function broken(path: string, where: string, why: string, hint: string, cause?: unknown): TrainerError {
  return new TrainerError('data', 'broken_file', `${preview(path, 200)}${where}: ${preview(why, 160)}`, hint, {
    cause,
  });
}
