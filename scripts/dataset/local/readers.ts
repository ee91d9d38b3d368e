import { extname } from 'node:path';
import { json } from './json.ts';
import { jsonLines } from './json-lines.ts';
import type { Reader } from './reader.ts';

export interface Kind {
  /** A folder's files are of one. */
  family: 'json' | 'csv' | 'parquet';
  reader: Reader;
}

/** Their libraries are large, and are loaded for such a file only. */
const csv: Reader = { open: async (file) => (await import('./csv.ts')).csv.open(file) };
const parquet: Reader = { open: async (file) => (await import('./parquet.ts')).parquet.open(file) };

const KINDS: Readonly<Record<string, Kind>> = {
  '.jsonl': { family: 'json', reader: jsonLines },
  '.ndjson': { family: 'json', reader: jsonLines },
  '.json': { family: 'json', reader: json },
  '.csv': { family: 'csv', reader: csv },
  '.parquet': { family: 'parquet', reader: parquet },
};

/** As hints call them. */
export const DATA_FILES = '.jsonl, .ndjson, .json, .csv (each with .gz, too) or .parquet';

/** How a file is read, by the end of its name; text may be compressed (`.jsonl.gz`). Undefined where it is no data. */
export function kindOf(name: string): Kind | undefined {
  const plain = name.replace(/\.gz$/i, '');
  const kind = KINDS[extname(plain).toLowerCase()];
  return plain !== name && kind?.family === 'parquet' ? undefined : kind;
}
