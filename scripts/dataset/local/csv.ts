import { CsvError, parse } from 'csv-parse';
import type { Row } from '../rows.ts';
import { decoded } from './content.ts';
import { checkHeader, checkWidth, csvRow, notCsv } from './csv-table.ts';
import type { DataFile } from './data-file.ts';
import { type Reader, whole } from './reader.ts';

/**
 * Comma-separated values, whose first line names the columns. Cells are text as they stand, as the training script
 * reads them: no "NA" becomes null, no "42" a number. A short row lacks its last cells, which are null.
 */
export const csv: Reader = {
  open: async (file) => whole(file, () => rows(file)),
};

const BATCH = 1000;
/** Any of them ends any line, as for Python's csv. */
const LINE_ENDS = ['\r\n', '\n', '\r'];

async function* rows(file: DataFile): AsyncGenerator<Row[]> {
  let header: string[] | undefined;
  let batch: Row[] = [];
  for await (const cells of records(file)) {
    if (header) batch.push(csvRow(header, cells));
    else header = cells;
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* records(file: DataFile): AsyncGenerator<string[]> {
  const parser = parse({ relax_column_count: true, skip_empty_lines: true, info: true, record_delimiter: LINE_ENDS });
  const feeding = feed(file, parser);
  feeding.catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  let header: string[] | undefined;
  try {
    for await (const { record, info } of parser) {
      if (!header) checkHeader(file.name, record);
      header ??= record;
      checkWidth(file.name, header ?? record, record, info.lines);
      yield record;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw notCsv(file.name, error);
  } finally {
    parser.destroy();
  }
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
