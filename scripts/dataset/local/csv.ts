import { CsvError, parse } from 'csv-parse';
import { preview } from '../../printable.ts';
import type { Files } from './files.ts';
import { decoded } from './lines.ts';
import { broken, type Reader } from './reader.ts';

/**
 * Comma-separated values, whose first line names the columns. Cells are text as they stand, as the training script
 * reads them: no "NA" becomes null, no "42" a number. A short row lacks its last cells, which are null.
 */
export const csv: Reader = {
  async survey(files, path) {
    let columns: string[] = [];
    let rows = -1;
    for await (const cells of records(files, path)) {
      if (rows === -1) columns = cells;
      rows += 1;
    }
    return { rows: Math.max(0, rows), columns: new Map(columns.map((name) => [name, 'string'])) };
  },

  async *rows(files, path) {
    let header: string[] | undefined;
    for await (const cells of records(files, path)) {
      if (header) yield Object.fromEntries(header.map((name, index) => [name, cells[index] ?? null]));
      else header = cells;
    }
  },
};

async function* records(files: Files, path: string): AsyncGenerator<string[]> {
  const parser = parse({ relax_column_count: true, skip_empty_lines: true, info: true });
  const feeding = feed(files, path, parser);
  feeding.catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  let columns: number | undefined;
  try {
    for await (const { record, info } of parser) {
      if (columns === undefined) checkHeader(path, record);
      columns ??= record.length;
      if (columns !== undefined && record.length > columns) {
        throw broken(
          path,
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
    throw broken(path, '', `is not CSV: ${error.message}`, hint, error);
  } finally {
    parser.destroy();
  }
}

function checkHeader(path: string, header: readonly string[]): void {
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice === undefined) return;
  throw broken(path, ' line 1', `names the column "${preview(twice, 40)}" twice`, 'Give each column its own name.');
}

async function feed(files: Files, path: string, parser: ReturnType<typeof parse>): Promise<void> {
  for await (const text of decoded(files, path)) {
    if (parser.destroyed) return;
    if (parser.write(text)) continue;
    await new Promise((resolve) => {
      parser.once('drain', resolve);
      parser.once('close', resolve);
    });
  }
  parser.end();
}
