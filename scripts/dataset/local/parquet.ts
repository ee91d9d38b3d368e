import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema, type SchemaTree } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { errorMessage, TrainerError } from '../../errors.ts';
import type { Row } from '../rows.ts';
import type { Files } from './files.ts';
import { broken, type Reader } from './reader.ts';

const HINT = 'Write it again, for example with pandas or `datasets`: dataset.to_parquet("data.parquet")';

export const parquet: Reader = {
  async survey(files, path) {
    return opened(files, path, async (_, metadata) => ({
      rows: Number(metadata.num_rows),
      columns: new Map(parquetSchema(metadata).children.map((child) => [child.element.name, typeName(child)])),
    }));
  },

  /** Holds one row group at a time. */
  async *rows(files, path) {
    const groups = await opened(files, path, async (_, metadata) =>
      metadata.row_groups.map(({ num_rows }) => Number(num_rows)),
    );
    let rowStart = 0;
    for (const group of groups) {
      const rowEnd = rowStart + group;
      yield* await opened(
        files,
        path,
        async (file, metadata): Promise<Row[]> => parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd }),
      );
      rowStart = rowEnd;
    }
  },
};

async function opened<T>(
  files: Files,
  path: string,
  use: (file: Awaited<ReturnType<Files['random']>>, metadata: FileMetaData) => Promise<T>,
): Promise<T> {
  const file = await files.random(path);
  try {
    return await use(file, await parquetMetadataAsync(file));
  } catch (error) {
    if (error instanceof TrainerError) throw error;
    throw broken(
      path,
      '',
      `can't be read as parquet, it may be damaged or encrypted: ${errorMessage(error)}`,
      HINT,
      error,
    );
  } finally {
    await file.close();
  }
}

/** In the words of `datasets` features. Lists are groups of one repeated group: the Parquet format's LogicalTypes.md. */
function typeName(node: SchemaTree): string {
  const { element, children } = node;
  const repeated = children[0];
  if (element.converted_type === 'LIST' || element.logical_type?.type === 'LIST') {
    const item = repeated?.children.length === 1 ? repeated.children[0] : repeated;
    return item ? `list<${item === repeated ? ownName(item) : typeName(item)}>` : 'list<null>';
  }
  return element.repetition_type === 'REPEATED' ? `list<${ownName(node)}>` : ownName(node);
}

const VALUES: Readonly<Record<string, string>> = {
  BOOLEAN: 'bool',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
};

function ownName({ element, children }: SchemaTree): string {
  if (children.length > 0) {
    return `struct<${children.map((child) => `${child.element.name}: ${typeName(child)}`).join(', ')}>`;
  }
  const logical = element.logical_type?.type ?? element.converted_type;
  if (logical === 'STRING' || logical === 'UTF8' || logical === 'ENUM') return 'string';
  if (logical === 'NULL') return 'null';
  if (logical?.startsWith('TIMESTAMP')) return 'timestamp';
  if (logical === 'DATE') return 'date32';
  return VALUES[element.type ?? ''] ?? 'binary';
}
