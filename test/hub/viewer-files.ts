import { open, readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { type AsyncBuffer, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import * as z from 'zod';
import { cardOf } from './describe.ts';
import type { Commit } from './repos.ts';
import type { World } from './world.ts';

/** From the files of a dataset repository to its configs, splits and rows. */

export type Row = Record<string, unknown>;

/** Paths of the data files, by config and split. */
export type Layout = Map<string, Map<string, string[]>>;

const DATA = /\.(jsonl|ndjson|json|csv|parquet)$/i;

const Strings = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const Declared = z.array(
  z.object({
    config_name: z.string(),
    default: z.boolean().optional(),
    data_files: z.union([z.array(z.object({ split: z.string(), path: Strings })), Strings]).optional(),
  }),
);

/** As the card declares it, else by the names of files and folders. The default config comes first, then by name. */
export async function layoutOf(world: World, commit: Commit): Promise<Layout> {
  const paths = [...commit.files.keys()].filter((path) => DATA.test(path)).sort();
  const readme = commit.files.get('README.md');
  const card = readme ? cardOf(await readFile(world.blobs.path(readme.sha256), 'utf8')) : null;
  const declared = Declared.safeParse(card?.configs);
  if (!declared.success) return paths.length === 0 ? new Map() : new Map([['default', bySplit(paths)]]);
  const isDefault = (config: { config_name: string; default?: boolean | undefined }): boolean =>
    config.default ?? config.config_name === 'default';
  const ordered = declared.data.toSorted(
    (a, b) => Number(isDefault(b)) - Number(isDefault(a)) || (a.config_name < b.config_name ? -1 : 1),
  );
  return new Map(
    ordered.map(({ config_name, data_files }) => {
      if (data_files === undefined) return [config_name, bySplit(paths)];
      const splits = new Map<string, string[]>();
      for (const item of data_files) {
        const { split, path } = typeof item === 'string' ? { split: 'train', path: [item] } : item;
        const matching = paths.filter((name) => path.some((pattern) => matches(pattern, name)));
        splits.set(split, [...(splits.get(split) ?? []), ...matching]);
      }
      return [config_name, splits];
    }),
  );
}

function bySplit(paths: string[]): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  for (const path of paths) {
    const [, word = 'train'] = /(?:^|[/_.-])(train|test|validation|valid|dev|eval)(?=[/_.-])/i.exec(path) ?? [];
    const name = word.toLowerCase();
    const split = /^(valid|dev)$/.test(name) ? 'validation' : name === 'eval' ? 'test' : name;
    splits.set(split, [...(splits.get(split) ?? []), path]);
  }
  return splits;
}

/** `*` within a folder, `**` across folders. */
function matches(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/?|\*/g, (star) => (star === '*' ? '[^/]*' : '.*'));
  return new RegExp(`^${source}$`).test(path);
}

/** Throws where a file can't be read as what its name says. */
export async function readRows(world: World, commit: Commit, paths: string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of paths) {
    const file = commit.files.get(path);
    if (file) rows.push(...(await readFileRows(world.blobs.path(file.sha256), path, file.size)));
  }
  return rows;
}

const Rows = z.array(z.record(z.string(), z.unknown()));

async function readFileRows(file: string, name: string, size: number): Promise<Row[]> {
  if (/\.parquet$/i.test(name)) {
    return (await parquetReadObjects({ file: fileBuffer(file, size), compressors })).map(plainRow);
  }
  const text = (await readFile(file, 'utf8')).replace(/^\ufeff/, '');
  if (/\.csv$/i.test(name)) return Rows.parse(parse(text, { columns: true, cast: castCell }));
  if (/\.json$/i.test(name)) return Rows.parse(JSON.parse(text));
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Rows.parse(lines.map((line): unknown => JSON.parse(line)));
}

function castCell(text: string, context: { header: boolean }): string | number | boolean | null {
  if (context.header) return text;
  if (text === '') return null;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

function fileBuffer(path: string, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const file = await open(path);
      try {
        const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
        return new Uint8Array(buffer).buffer;
      } finally {
        await file.close();
      }
    },
  };
}

/** As JSON can carry it: 64-bit integers as numbers, dates as ISO 8601, bytes as base64. */
function plainRow(row: Record<string, unknown>): Row {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Date) return value.toISOString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === 'object' && value !== null) return plainRow({ ...value });
    return value;
  };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}
