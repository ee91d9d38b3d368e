import type { SchemaTree } from 'hyparquet';
import { preview } from '../../../printable.ts';
import type { Type } from '../../types.ts';
import type { DataFile } from '../data-file.ts';
import { broken } from '../reader.ts';
import { isMap } from './assemble.ts';
import { typeName } from './type-name.ts';

/** What `datasets` and pyarrow make of the types of a file (tried with datasets 5.2, pyarrow 23). */

/**
 * By its values where those of a local file may not go into one column again: entries of a map, whole numbers above
 * int64.
 */
export function declaredType(file: DataFile, column: SchemaTree): string | Type {
  const byValues = file.near && nodes(column).some((node) => isMap(node) || isUint64(node));
  return byValues ? { kind: 'mixed' } : typeName(column);
}

/** Throws TrainerError `data` for a column with which nothing loads: UUIDs, and maps in files of the Hub. */
export function checkReadable(file: DataFile, schema: SchemaTree): void {
  for (const column of schema.children) {
    const all = nodes(column);
    const uuid = all.some(({ element }) => element.logical_type?.type === 'UUID');
    if (!uuid && (file.near || !all.some(isMap))) continue;
    const where = `: column "${preview(column.element.name, 40)}"`;
    const what = `holds ${uuid ? 'UUIDs' : 'maps'}, for which \`datasets\` has no type: it can't be loaded`;
    throw broken(file.name, where, what, 'Write the file again without that column, or with text in it.');
  }
}

const isUint64 = ({ element: { converted_type, logical_type } }: SchemaTree): boolean =>
  converted_type === 'UINT_64' ||
  (logical_type?.type === 'INTEGER' && logical_type.bitWidth === 64 && !logical_type.isSigned);

const nodes = (node: SchemaTree): SchemaTree[] => [node, ...node.children.flatMap(nodes)];
