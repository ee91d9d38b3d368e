import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FileMetaData, parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { DataFile } from '../../scripts/dataset/local/data-file.ts';
import { rowBatches } from '../../scripts/dataset/local/parquet/column-reader.ts';
import { groupParts } from '../../scripts/dataset/local/parquet/cut.ts';
import { parquet } from '../../scripts/dataset/local/parquet.ts';
import type { Row } from '../../scripts/dataset/rows.ts';

/** Written by pyarrow (fixtures/parquet/make.py), with what pyarrow reads out of them again. */
const FOLDER = join(import.meta.dirname, 'fixtures/parquet');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.parquet'));
const EXPECTED: Row[] = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8'));

function inMemory(bytes: Uint8Array, near = true): DataFile & { read: number } {
  const file = {
    name: 'data.parquet',
    byteLength: bytes.length,
    near,
    read: 0,
    async slice(start: number, end = bytes.length) {
      const part = Uint8Array.from(bytes.subarray(start, end));
      file.read += part.length;
      return part.buffer;
    },
  };
  return file;
}

const fixture = (name: string, near = true) => inMemory(readFileSync(join(FOLDER, name)), near);
/** Key order is lost on `toEqual`, and `__proto__` with it. */
const plain = (rows: readonly Row[]): string => JSON.stringify(rows);

async function opened(file: DataFile): Promise<{ metadata: FileMetaData; names: string[] }> {
  const metadata = await parquetMetadataAsync(file);
  return { metadata, names: parquetSchema(metadata).children.map(({ element }) => element.name) };
}

describe('parquet', () => {
  it('has fixtures', () => expect(FILES.length).toBeGreaterThan(10));

  it.each(FILES)('%s: every value as pyarrow reads it', async (name) => {
    const readable = await parquet.open(fixture(name));
    const rows: Row[] = [];
    for await (const batch of readable.all()) rows.push(...batch);
    expect(plain(rows)).toBe(plain(EXPECTED));
    expect(readable.declared?.rows).toBe(EXPECTED.length);
    expect(Object.fromEntries(readable.declared?.columns ?? [])).toMatchObject({
      messages: 'list<struct<role: string, content: string>>',
      nested: 'list<list<int32>>',
      tree: 'struct<a: struct<b: string>, list: list<struct<c: list<string>>>>',
    });
  });

  it.each(FILES)('%s: cut into parts anywhere, the same rows', async (name) => {
    const file = fixture(name);
    const { metadata, names } = await opened(file);
    const schema = parquetSchema(metadata);
    const cases = fc.tuple(fc.subarray(names, { minLength: 1 }), fc.integer({ min: 50, max: 5000 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([columns, bytes]) => {
        const rows: Row[] = [];
        for await (const { group, range } of groupParts(file, metadata, schema, columns, bytes)) {
          const rowGroup = metadata.row_groups[group];
          if (!rowGroup) throw new Error('no such group');
          for await (const batch of rowBatches(file, schema, rowGroup, columns, range)) rows.push(...batch);
        }
        const wanted = EXPECTED.map((row) => names.filter((each) => columns.includes(each)).map((each) => row[each]));
        expect(plain(rows.map((row) => Object.values(row)) as never)).toBe(plain(wanted as never));
      }),
      { numRuns: 20 },
    );
  });

  it('is really cut: into several parts where pages are small', async () => {
    for (const [name, least] of [
      ['many-pages.parquet', 5],
      ['gzip.parquet', 5],
      ['v2.parquet', 5],
      ['index.parquet', 5],
    ] as const) {
      const file = fixture(name);
      const { metadata, names } = await opened(file);
      let parts = 0;
      for await (const _ of groupParts(file, metadata, parquetSchema(metadata), names, 1000)) parts += 1;
      expect(parts).toBeGreaterThanOrEqual(least);
    }
  });

  it('reads only the columns asked for', async () => {
    const file = fixture('many-pages.parquet', false);
    const { metadata } = await opened(file);
    const schema = parquetSchema(metadata);
    file.read = 0;
    const [group] = metadata.row_groups;
    if (!group) throw new Error('no group');
    for await (const _ of rowBatches(file, schema, group, ['flag'], { start: 0, end: EXPECTED.length }));
    expect(file.read).toBeLessThan(file.byteLength / 10);
  });

  it.each([
    [0, 3],
    [100, 103],
    [239, 240],
  ])('rows %i to %i alone', async (start, end) => {
    for (const name of ['index.parquet', 'groups.parquet', 'zstd.parquet']) {
      const rows: Row[] = [];
      for await (const row of parquetRows(fixture(name), start, end)) rows.push(row);
      expect(plain(rows)).toBe(plain(EXPECTED.slice(start, end)));
    }
  });
});

/** Rows from `start` up to `end`, by the pieces that hold them. */
async function* parquetRows(file: DataFile, start: number, end: number): AsyncGenerator<Row> {
  const readable = await parquet.open(file);
  let before = 0;
  for await (const piece of readable.pieces()) {
    if (!('group' in piece)) throw new Error('no piece of parquet');
    const { group, range } = piece;
    const [from, to] = [range.start + Math.max(0, start - before), Math.min(range.end, range.start + end - before)];
    before += range.end - range.start;
    if (from >= to) continue;
    for await (const batch of readable.batches({ group, range: { ...range, start: from, end: to } })) yield* batch;
  }
}

describe('parquet that is broken', () => {
  const good = readFileSync(join(FOLDER, 'many-pages.parquet'));
  const read = async (bytes: Uint8Array): Promise<void> => {
    const readable = await parquet.open(inMemory(bytes));
    for await (const _ of readable.all());
  };

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /data\.parquet: can't be read as parquet/],
    ['not parquet', new TextEncoder().encode('{"text": "x"}\n'), /footer != PAR1/],
    ['a footer that is longer than the file', withFooterLength(good, 1 << 30), /metadata length 1073741824/],
    ['an encrypted footer', withMagic(good, 'PARE'), /data\.parquet: is encrypted parquet/],
    ['a schema of too many children', withByte(good, 24_983, 30), /data\.parquet: can't be read as parquet/],
    ['pages of zeros', withZeros(good, 4, 3000), /row group 0, after row 0: can't be read as parquet/],
    ['a page in the middle', withZeros(good, 9000, 9100), /row group 0, after row \d+: can't be read as parquet/],
  ])('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      kind: 'data',
      code: 'broken_file',
      message: expect.stringMatching(message),
    });
  });

  it('a schema with less than no children is read to an end', async () => {
    const outcome = await read(withByte(good, 24_983, 31)).catch((error: unknown) => error);
    if (outcome !== undefined) expect(outcome).toMatchObject({ code: 'broken_file' });
  });

  it('any byte of it: rows or an error that says where, never a crash', async () => {
    const change = fc.tuple(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, value]) => {
        await read(withByte(good, at, value)).catch((error: unknown) =>
          expect(error).toMatchObject({ code: 'broken_file' }),
        );
      }),
      { numRuns: 300 },
    );
  });
});

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

function withFooterLength(bytes: Uint8Array, length: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setUint32(copy.length - 8, length, true);
  return copy;
}

function withMagic(bytes: Uint8Array, magic: string): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(new TextEncoder().encode(magic), copy.length - 4);
  return copy;
}

const withZeros = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  Uint8Array.from(bytes).fill(0, start, end);
