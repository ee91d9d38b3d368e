import type { ColumnMetaData, SchemaTree } from 'hyparquet';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import type { ColumnDecoder } from 'hyparquet/src/types.js';
import { COMPRESSORS } from './decompress.ts';
import { opaque } from './opaque.ts';

/** A column as it is stored: the leaf of a nested one, in one row group. */
export interface Leaf {
  /** For hyparquet's functions. */
  decoder: ColumnDecoder;
  /** Definition level of a value that is there. */
  maxDefinition: number;
  /** 0 where a row has exactly one entry. */
  maxRepetition: number;
  /** UTF-8 text, which is decoded here, faster. */
  text: boolean;
  /** Makes of a value what stands for it; null where it stands for itself. */
  opaque: ((value: unknown) => unknown) | null;
  /** Entries in the chunk, nulls included. */
  entries: number;
}

export function leafOf(schema: SchemaTree, column: ColumnMetaData): Leaf {
  const path = getTreePath(schema, column.path_in_schema);
  const element = path[path.length - 1]?.element;
  if (!element) throw new Error('parquet column without a schema element');
  return {
    decoder: {
      pathInSchema: column.path_in_schema,
      type: column.type,
      element,
      schemaPath: path,
      codec: column.codec,
      parsers: DEFAULT_PARSERS,
      compressors: COMPRESSORS,
      utf8: false,
    },
    maxDefinition: getMaxDefinitionLevel(path),
    maxRepetition: getMaxRepetitionLevel(path),
    text: isText(element),
    opaque: opaque(element),
    entries: Number(column.num_values),
  };
}

/** Text to Arrow: JSON columns are text there, too. */
function isText({ type, converted_type, logical_type }: SchemaTree['element']): boolean {
  const kind = logical_type?.type ?? converted_type ?? '';
  return type === 'BYTE_ARRAY' && ['STRING', 'UTF8', 'ENUM', 'JSON'].includes(kind);
}
