import { type FileMetaData, parquetMetadataAsync, parquetSchema, type SchemaTree } from 'hyparquet';
import { errorMessage, TrainerError } from '../../errors.ts';
import type { Row } from '../rows.ts';
import { type DataFile, glanced } from './data-file.ts';
import { rowBatches } from './parquet/column-reader.ts';
import { groupParts } from './parquet/cut.ts';
import { declaredPictures } from './parquet/declared-pictures.ts';
import { checkReadable, declaredType } from './parquet/training-types.ts';
import { broken, type Piece, type Reader } from './reader.ts';

/** Parquet by pages: of each column that is read, about a page is held. */
export const parquet: Reader = {
  async open(file) {
    const { metadata, schema } = await guarded(file, '', async () => {
      const footer = await readMetadata(file);
      return { metadata: footer, schema: parquetSchema(footer) };
    });
    checkReadable(file, schema);
    const names = schema.children.map(({ element }) => element.name);
    const pictures = declaredPictures(metadata);
    return {
      declared: {
        rows: Number(metadata.num_rows),
        columns: new Map(
          schema.children.map((child) => [
            child.element.name,
            pictures.get(child.element.name) ?? declaredType(file, child),
          ]),
        ),
      },
      async *all() {
        for (const [group, { num_rows }] of metadata.row_groups.entries()) {
          const piece = { group, range: { start: 0, end: Number(num_rows) } };
          yield* batches(glanced(file), metadata, schema, piece, names);
        }
      },
      pieces: (columns = names) => pieces(file, metadata, schema, columns),
      batches: (piece, columns = names) => batches(file, metadata, schema, piece, columns),
    };
  },
};

/** Bytes that hold most footers; more are asked for where they don't. */
const FOOTER = 1 << 16;

async function readMetadata(file: DataFile): Promise<FileMetaData> {
  const magic = new TextDecoder('latin1').decode(await file.slice(Math.max(0, file.byteLength - 4), file.byteLength));
  if (magic === 'PARE') throw encrypted(file, '');
  // Looking for maps of the earth in a damaged schema, hyparquet would never end.
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: FOOTER, geoparquet: false });
  for (const [group, { columns }] of metadata.row_groups.entries()) {
    const locked = columns.find(({ crypto_metadata, meta_data }) => crypto_metadata !== undefined || !meta_data);
    if (locked) throw encrypted(file, ` row group ${group}`);
  }
  return metadata;
}

async function* pieces(
  file: DataFile,
  metadata: FileMetaData,
  schema: SchemaTree,
  columns: readonly string[],
): AsyncGenerator<Piece> {
  const parts = groupParts(file, metadata, schema, columns);
  for (;;) {
    const { value, done } = await guarded(file, '', () => parts.next());
    if (done) return;
    yield value;
  }
}

async function* batches(
  file: DataFile,
  metadata: FileMetaData,
  schema: SchemaTree,
  piece: Piece,
  columns: readonly string[],
): AsyncGenerator<Row[]> {
  if (!('group' in piece)) return;
  const rowGroup = metadata.row_groups[piece.group];
  if (!rowGroup) return;
  const before = metadata.row_groups.slice(0, piece.group).reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  const rows = rowBatches(file, schema, rowGroup, columns, piece.range);
  let read = 0;
  for (;;) {
    const where = ` row group ${piece.group}, after row ${before + piece.range.start + read}`;
    const { value, done } = await guarded(file, where, () => rows.next());
    if (done) return;
    read += value.length;
    yield value;
  }
}

const HINT = 'Write it again, for example with pandas or `datasets`: dataset.to_parquet("data.parquet")';

async function guarded<T>(file: DataFile, where: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TrainerError) throw error;
    throw broken(file.name, where, `can't be read as parquet, it may be damaged: ${errorMessage(error)}`, HINT, error);
  }
}

const encrypted = (file: DataFile, where: string): TrainerError =>
  broken(file.name, where, 'is encrypted parquet', 'Write it again without encryption: training reads it as it is.');
