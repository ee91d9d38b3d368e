import type { DataFile } from './local/data-file.ts';
import type { DatasetReport } from './report.ts';

export type Row = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Stands for a cell that the source could show only in part, so that nothing can be said about it. */
export const UNSEEN = Symbol('a cell that was cut');

export interface SeenRow {
  /** Number in the split, from 0. */
  index: number;
  row: Row;
  /** Rows of the sample whose length this one tells: itself alone where it isn't said, none for a row seen in part. */
  stands_for?: number;
}

/** One split of a dataset, wherever it lies. What training would load, as it would load it. */
export interface RowSource
  extends Pick<
    DatasetReport,
    | 'dataset'
    | 'source'
    | 'revision'
    | 'fingerprint'
    | 'files'
    | 'config'
    | 'split'
    | 'splits'
    | 'columns'
    | 'rows_total'
    | 'rows_estimated'
    | 'notes'
  > {
  /** Names of columns that hold values of several types somewhere. */
  mixed: string[];
  rows(): AsyncIterable<SeenRow>;
}

/** A split that is read to its last row, from its files. */
export interface FileSplit {
  facts: Omit<RowSource, 'fingerprint' | 'columns' | 'mixed' | 'rows_total' | 'rows_estimated' | 'rows'>;
  /** In order. */
  parts: readonly FilePart[];
  /** sha256 over the bytes of all files; null for files of the Hub, which their commit names. */
  fingerprint: ((signal: AbortSignal) => Promise<string>) | null;
  close(): Promise<void>;
}

export interface FilePart {
  file: DataFile;
  /** Where any thread of this process can open it; null where only this one can read it. */
  path: string | null;
}
