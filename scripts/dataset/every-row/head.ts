import { HEAD } from '../checked.ts';
import type { Readable } from '../local/reader.ts';
import type { Row, SeenRow } from '../rows.ts';
import { addTypes, completed } from '../table-columns.ts';
import type { Type } from '../types.ts';

/** The first rows, with all their columns, and the types in them. */
export async function headOf(files: readonly Readable[]): Promise<{ rows: Row[]; types: Map<string, Type> }> {
  const rows: Row[] = [];
  const types = new Map<string, Type>();
  for (const file of files) {
    for await (const batch of file.all()) {
      for (const row of batch.slice(0, HEAD - rows.length)) {
        rows.push(row);
        addTypes(types, row);
      }
      if (rows.length === HEAD) return { rows, types };
    }
  }
  return { rows, types };
}

export const seenRows = (rows: readonly Row[], names: readonly string[]): SeenRow[] =>
  rows.map((row, index) => ({ index, row: completed(row, names) }));
