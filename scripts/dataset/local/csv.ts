import { CsvError, parse } from 'csv-parse';
import { preview } from '../../printable.ts';
import type { Row } from '../rows.ts';
import { decoded } from './content.ts';
import type { DataFile } from './data-file.ts';
import { broken, type Reader, whole } from './reader.ts';

/**
 * Comma-separated values, whose first line names the columns. Cells are text as they stand, as the training script
 * reads them: no "NA" becomes null, no "42" a number. A short row lacks its last cells, which are null.
 */
export const csv: Reader = {
  open: async (file) => whole(file, () => rows(file)),
};

const BATCH = 1000;

async function* rows(file: DataFile): AsyncGenerator<Row[]> {
  let header: string[] | undefined;
  let batch: Row[] = [];
  for await (const cells of records(file)) {
    if (header) batch.push(Object.fromEntries(header.map((name, index) => [name, cells[index] ?? null])));
    else header = cells;
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* records(file: DataFile): AsyncGenerator<string[]> {
  const parser = parse({ relax_column_count: true, skip_empty_lines: true, info: true });
  const feeding = feed(file, parser);
  feeding.catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  let columns: number | undefined;
  try {
    for await (const { record, info } of parser) {
      if (columns === undefined) checkHeader(file.name, record);
      columns ??= record.length;
      if (columns !== undefined && record.length > columns) {
        throw broken(
          file.name,
          ` line ${info.lines}`,
          `has ${record.length} fields where the header has ${columns}`,
          'Quote fields that hold a comma or a line break: "a, b".',
        );
      }
      yield record;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const hint = 'Correct the quotes there; a quote inside a field is written twice.';
    throw broken(file.name, '', `is not CSV: ${error.message}`, hint, error);
  } finally {
    parser.destroy();
  }
}

function checkHeader(path: string, header: readonly string[]): void {
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice === undefined) return;
  throw broken(path, ' line 1', `names the column "${preview(twice, 40)}" twice`, 'Give each column its own name.');
}

async function feed(file: DataFile, parser: ReturnType<typeof parse>): Promise<void> {
  for await (const text of decoded(file)) {
    if (parser.destroyed) return;
    if (parser.write(text)) continue;
    await new Promise((resolve) => {
      parser.once('drain', resolve);
      parser.once('close', resolve);
    });
  }
  parser.end();
}
