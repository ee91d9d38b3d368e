import type { SchemaTree } from 'hyparquet';
import { itemOf, repeatedOf } from './assemble.ts';

/** In the words of `datasets` features. Lists are groups of one repeated group: the Parquet format's LogicalTypes.md. */
export function typeName(node: SchemaTree): string {
  const { element } = node;
  const repeated = repeatedOf(node);
  if (repeated) {
    const item = itemOf(repeated);
    return `list<${item === repeated ? ownName(item) : typeName(item)}>`;
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
  if (logical === 'STRING' || logical === 'UTF8' || logical === 'ENUM' || logical === 'JSON') return 'string';
  if (logical === 'NULL') return 'null';
  if (logical?.startsWith('TIMESTAMP')) return 'timestamp';
  if (logical === 'DATE') return 'date32';
  if (logical === 'DECIMAL') return 'decimal128';
  if (logical?.startsWith('TIME')) return 'time64';
  if (logical === 'FLOAT16') return 'float16';
  return VALUES[element.type ?? ''] ?? 'binary';
}
