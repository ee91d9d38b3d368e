import { basename, extname, resolve } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { chooseSplit } from '../choose.ts';
import type { RowSource, SeenRow } from '../rows.ts';
import { isMixed, merge, type Type, typeName } from '../types.ts';
import { csv } from './csv.ts';
import type { Files } from './files.ts';
import { fingerprintFiles } from './fingerprint.ts';
import { dataFiles, splitNamedBy, splitsOf } from './folder.ts';
import { json, jsonLines } from './json.ts';
import { parquet } from './parquet.ts';
import type { ColumnTypes, Reader, Survey } from './reader.ts';

/** How a file is read, by the end of its name; a folder's files are those of one family. */
const KINDS: Readonly<Record<string, { family: string; reader: Reader }>> = {
  '.jsonl': { family: 'json', reader: jsonLines },
  '.ndjson': { family: 'json', reader: jsonLines },
  '.json': { family: 'json', reader: json },
  '.csv': { family: 'csv', reader: csv },
  '.parquet': { family: 'parquet', reader: parquet },
};

const kindOf = (path: string) => KINDS[extname(path).toLowerCase()];

/**
 * A local file or folder. Reads every file once for its columns and its hash. Throws TrainerError `usage` (no such
 * file, not readable, not data) or `data` (broken file, no rows).
 */
export async function localSource(
  files: Files,
  path: string,
  asked: { config: string | undefined; split: string | undefined },
): Promise<RowSource> {
  if (asked.config !== undefined) {
    throw new TrainerError(
      'usage',
      'unknown_config',
      `${preview(path)}: local data has no configs`,
      'Leave out --config.',
    );
  }
  const splits = await splitsAt(files, path);
  const split = chooseSplit(path, [...splits.keys()], asked.split);
  const parts: { path: string; reader: Reader; survey: Survey }[] = [];
  for (const file of splits.get(split) ?? []) {
    const reader = kindOf(file)?.reader;
    if (reader) parts.push({ path: file, reader, survey: await reader.survey(files, file) });
  }
  const rowsTotal = parts.reduce((sum, { survey }) => sum + survey.rows, 0);
  const columns = mergedColumns(parts.map(({ survey }) => survey));
  return {
    dataset: path,
    source: 'local',
    revision: null,
    fingerprint: await fingerprintFiles(
      parts.map((part) => part.path),
      files,
    ),
    files: parts.map((part) => part.path),
    config: null,
    split,
    splits: [...splits.keys()].map((name) => ({ name, rows: name === split ? rowsTotal : null })),
    columns: [...columns].map(([name, type]) => ({ name, type: typeof type === 'string' ? type : typeName(type) })),
    mixed: [...columns].filter(([, type]) => typeof type !== 'string' && isMixed(type)).map(([name]) => name),
    rows_total: rowsTotal,
    notes: [],
    rows: () => rowsOf(files, parts, columns),
  };
}

async function splitsAt(files: Files, path: string): Promise<Map<string, string[]>> {
  const kind = await files.kind(path);
  if (kind === 'file') {
    if (kindOf(path)) return new Map([[splitNamedBy(basename(path)) ?? 'train', [path]]]);
    throw new TrainerError(
      'usage',
      'not_a_dataset_file',
      `${preview(path, 200)} is not a data file that can be read`,
      'Give a .jsonl, .json, .csv or .parquet file, or a folder of them.',
    );
  }
  if (kind === null) {
    throw new TrainerError(
      'usage',
      'file_not_found',
      `there is no file or folder ${preview(path, 200)}`,
      'Check the path; a dataset of the Hub is given as owner/name.',
    );
  }
  const found = dataFiles(path, await files.list(path), (file) => kindOf(file)?.family ?? null);
  return new Map(
    [...splitsOf(found)].map(([split, names]) => [split, names.map((name) => resolve(path, name))] as const),
  );
}

function mergedColumns(surveys: readonly Survey[]): ColumnTypes {
  const columns = new Map<string, string | Type>();
  for (const survey of surveys) {
    for (const [name, type] of survey.columns) {
      const known = columns.get(name) ?? type;
      columns.set(name, typeof known === 'string' || typeof type === 'string' ? known : merge(known, type));
    }
  }
  return columns;
}

async function* rowsOf(
  files: Files,
  parts: readonly { path: string; reader: Reader }[],
  columns: ColumnTypes,
): AsyncGenerator<SeenRow> {
  const names = [...columns.keys()];
  let index = 0;
  for (const { path, reader } of parts) {
    for await (const row of reader.rows(files, path)) {
      // A key that a row lacks is a null in the column.
      const complete = names.every((name) => name in row)
        ? row
        : Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
      yield { index: index++, row: complete };
    }
  }
}
