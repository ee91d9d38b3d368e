import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { DataFile } from '../local/data-file.ts';
import type { Row } from '../rows.ts';
import { PLACE_BYTES, PLACE_ROWS, PLACES, type Sampled, SMALL_BYTES, sum } from './bounds.ts';

/** Reads the rows out of whole lines. `header`: the first line of a file whose first line names its columns. */
export interface LineFormat {
  /** Throws TrainerError `data` where they aren't rows, with `name`. `cut`: more lines follow in the file. */
  rows(name: string, lines: Uint8Array, cut: boolean): Promise<Row[]>;
  /** Rows from where one begins; bytes out of the middle of a file, which may begin within one. */
  rowsWithin(name: string, bytes: Uint8Array, header: Uint8Array): Promise<Row[]>;
}

const NEWLINE = 10;
/** A line that is longer than a place's bytes is looked for once more in so many. */
const LONG_LINE = 8 * PLACE_BYTES;

/** Rows from the beginning, the middle and the end of files of lines, a range of bytes each. */
export async function sampleLines(files: readonly DataFile[], format: LineFormat): Promise<Sampled> {
  const total = sum(files.map(({ byteLength }) => byteLength));
  if (total <= SMALL_BYTES) return wholeLines(files, format);
  const [first, middle, last] = await Promise.all([
    headOf(files, format),
    middleOf(files, total, format),
    tailOf(files, format),
  ]);
  const bytesPerRow = Math.max(1, first.bytes / Math.max(1, first.rows.length));
  const estimate = Math.max(PLACES * PLACE_ROWS + 1, Math.round(total / bytesPerRow));
  const number = (rows: readonly Row[], from: number) => rows.map((row, index) => ({ index: from + index, row }));
  return {
    rows: [
      ...number(first.rows.slice(0, PLACE_ROWS), 0),
      ...number(middle, Math.max(PLACE_ROWS, Math.floor((estimate - PLACE_ROWS) / 2))),
      ...number(last, estimate - last.length),
    ],
    total: null,
    columns: null,
    reach: 'spread',
    estimate,
  };
}

async function wholeLines(files: readonly DataFile[], format: LineFormat): Promise<Sampled> {
  const parts = await Promise.all(
    files.map(async (file) => format.rows(file.name, new Uint8Array(await file.slice(0)), false)),
  );
  const rows = parts.flat().map((row, index) => ({ index, row }));
  return { rows, total: rows.length, columns: null, reach: 'whole', estimate: null };
}

async function headOf(files: readonly DataFile[], format: LineFormat): Promise<{ rows: Row[]; bytes: number }> {
  const file = files.find(({ byteLength }) => byteLength > 0);
  if (!file) return { rows: [], bytes: 0 };
  for (const size of [PLACE_BYTES, LONG_LINE]) {
    const bytes = new Uint8Array(await file.slice(0, size));
    const lines = bytes.length === file.byteLength ? bytes : bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
    if (lines.length > 0) {
      const rows = await format.rows(file.name, lines, bytes.length < file.byteLength);
      return { rows, bytes: lines.length };
    }
  }
  throw tooLong(file, LONG_LINE);
}

async function middleOf(files: readonly DataFile[], total: number, format: LineFormat): Promise<Row[]> {
  let before = 0;
  for (const file of files) {
    const at = Math.floor(total / 2) - before;
    if (at < file.byteLength) return within(file, at, format);
    before += file.byteLength;
  }
  return [];
}

async function tailOf(files: readonly DataFile[], format: LineFormat): Promise<Row[]> {
  const file = files.findLast(({ byteLength }) => byteLength > 0);
  if (!file) return [];
  const rows = await within(file, Math.max(0, file.byteLength - PLACE_BYTES), format, file.byteLength);
  return rows.slice(-PLACE_ROWS);
}

/** The rows that lie whole in a place's bytes from `start` on; none where a single one is longer. */
async function within(file: DataFile, start: number, format: LineFormat, most = PLACE_ROWS): Promise<Row[]> {
  const [bytes, head] = await Promise.all([file.slice(start, start + PLACE_BYTES), headerOf(file)]);
  const view = new Uint8Array(bytes);
  const atEnd = start + view.length === file.byteLength;
  const lines = atEnd ? view : view.subarray(0, view.lastIndexOf(NEWLINE) + 1);
  if (lines.length === 0) return [];
  const place = `${file.name}, from byte ${start} on,`;
  const rows = start === 0 ? await format.rows(file.name, lines, !atEnd) : await format.rowsWithin(place, lines, head);
  return rows.slice(0, most);
}

/** Bytes of a first line, at most. */
const HEADER_BYTES = 1 << 16;

async function headerOf(file: DataFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.slice(0, HEADER_BYTES));
  return bytes.subarray(0, bytes.indexOf(NEWLINE) + 1);
}

/** `bytes`: those that hold no end of a line. */
export const tooLong = (file: DataFile, bytes: number): TrainerError =>
  new TrainerError(
    'data',
    'row_too_large',
    `${preview(file.name, 200)}: its first line is longer than ${bytes >> 20} MiB`,
    'Validate a copy on this machine, which is read whole.',
  );
