import type { DataFile } from '../local/data-file.ts';
import type { ColumnTypes } from '../local/reader.ts';
import type { SeenRow } from '../rows.ts';

/** Rows from one place of a split, at most: a page of the dataset viewer. */
export const PLACE_ROWS = 100;
/** Places of a sample: the beginning, the middle and the end. */
export const PLACES = 3;
/** Bytes that one place may take, about: reading stops at the row with which they are used up. */
export const PLACE_BYTES = 2 << 20;
/** A split of fewer bytes is read whole. */
export const SMALL_BYTES = 4 << 20;

/** What was seen of the files of a split. */
export interface Sampled {
  rows: SeenRow[];
  /** Rows of the split; null where only reading all of it would tell. */
  total: number | null;
  /** As the files say it; null where only the values tell. */
  columns: ColumnTypes | null;
  reach: Reach;
  /**
   * Rows of the split, worked out from bytes, as the numbers of the rows after the first place then are; null where
   * they are true. More than the rows seen.
   */
  estimate: number | null;
}

/** Every row; the first, the middle and the last; only the first ones. */
type Reach = 'whole' | 'spread' | 'head';

/** Bytes at hand as a file, so that the readers of files read them. */
export function inMemory(name: string, bytes: Uint8Array): DataFile {
  return {
    name,
    byteLength: bytes.length,
    near: true,
    slice: async (start, end = bytes.length) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
