import type { CsvError } from 'csv-parse';
import type { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { Row } from '../rows.ts';
import { broken } from './reader.ts';

/** Throws TrainerError `data` where two columns have one name. */
export function checkHeader(path: string, header: readonly string[]): void {
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice === undefined) return;
  throw broken(path, ' line 1', `names the column "${preview(twice, 40)}" twice`, 'Give each column its own name.');
}

/** Throws TrainerError `data` where a record that ends in `line` has more cells than the header. */
export function checkWidth(path: string, header: readonly string[], cells: readonly string[], line: number): void {
  if (cells.length <= header.length) return;
  throw broken(
    path,
    ` line ${line}`,
    `has ${cells.length} fields where the header has ${header.length}`,
    'Quote fields that hold a comma or a line break: "a, b".',
  );
}

/** A short row lacks its last cells, which are null. */
export const csvRow = (header: readonly string[], cells: readonly string[]): Row =>
  Object.fromEntries(header.map((name, index) => [name, cells[index] ?? null]));

export const notCsv = (path: string, error: CsvError): TrainerError =>
  broken(
    path,
    '',
    `is not CSV: ${error.message}`,
    'Correct the quotes there; a quote inside a field is written twice.',
    error,
  );
