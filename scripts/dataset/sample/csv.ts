import { CsvError, parse } from 'csv-parse/sync';
import { NOT_UTF8 } from '../local/content.ts';
import { checkHeader, checkWidth, csvRow, notCsv } from '../local/csv-table.ts';
import { broken } from '../local/reader.ts';
import type { LineFormat } from './lines.ts';

/** Line ends that are tried as the beginning of a row. */
const TRIES = 50;

/** Comma- or tab-separated values, whose first line names the columns. Cells are text; see `pandasCells`. */
export function csvFormat(delimiter: string): LineFormat {
  return {
    async rows(name, lines, cut) {
      const [first, ...records] = recordsOf(name, textOf(name, lines), delimiter, cut);
      const header: readonly string[] = first ?? [];
      checkHeader(name, header);
      for (const record of records) checkWidth(name, header, record, record.line);
      return records.map((record) => csvRow(header, record));
    },

    /** A line end may lie within quotes: the first one after which all records have every column begins a row. */
    async rowsWithin(name, bytes, headerLine) {
      const [header = []] = recordsOf(name, textOf(name, headerLine), delimiter, true);
      const text = new TextDecoder().decode(bytes);
      for (let tries = 0, from = 0; tries < TRIES; tries += 1) {
        from = text.indexOf('\n', from) + 1;
        if (from === 0) break;
        const records = fitting(text.slice(from), header.length, delimiter);
        if (records) return records.map((record) => csvRow(header, record));
      }
      return [];
    },
  };
}

/** Cells, and the line of the text where they end, from 1. */
type CsvRecord = string[] & { line: number };

/** `cut`: the text may end within a quoted field; the records before it count. */
function recordsOf(name: string, text: string, delimiter: string, cut: boolean): CsvRecord[] {
  const records: CsvRecord[] = [];
  try {
    collect(text, delimiter, records);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (cut && error.code === 'CSV_QUOTE_NOT_CLOSED') return records;
    throw notCsv(name, error);
  }
  return records;
}

/** The records, if all but the last, which may be cut, have so many fields. */
function fitting(text: string, fields: number, delimiter: string): string[][] | null {
  const records: CsvRecord[] = [];
  try {
    collect(text, delimiter, records);
  } catch (error) {
    if (!(error instanceof CsvError) || error.code !== 'CSV_QUOTE_NOT_CLOSED') return null;
  }
  if (records.at(-1)?.length !== fields) records.pop();
  return records.length > 0 && records.every((record) => record.length === fields) ? records : null;
}

/** Adds the records to `into`, also those before an error. */
function collect(text: string, delimiter: string, into: CsvRecord[]): void {
  parse(text, {
    delimiter,
    skip_empty_lines: true,
    bom: true,
    relax_column_count: true,
    on_record: (record: string[], { lines }) => {
      into.push(Object.assign(record, { line: lines }));
      return null;
    },
  });
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw broken(name, '', 'is not UTF-8 text', NOT_UTF8, error);
  }
}
