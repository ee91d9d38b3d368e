import { columnKinds } from '../kinds.ts';
import type { ColumnTypes, Readable } from '../local/reader.ts';
import type { Row } from '../rows.ts';
import type { TableColumns } from '../table-columns.ts';
import { merge, type Type } from '../types.ts';

/** What the files say themselves, where all of them do. */
export function declaredBy(files: readonly Readable[]): { rows: number; columns: ColumnTypes } | null {
  const columns = new Map<string, string | Type>();
  let rows = 0;
  for (const { declared } of files) {
    if (!declared) return null;
    rows += declared.rows;
    for (const [name, type] of declared.columns) {
      const known = columns.get(name) ?? type;
      columns.set(name, typeof known === 'string' || typeof type === 'string' ? known : merge(known, type));
    }
  }
  return { rows, columns };
}

/** Whether judging the rows by the one or by the other makes no difference. */
export function sameToTrials(a: TableColumns, b: TableColumns, head: readonly Row[]): boolean {
  const [kinds, others] = [columnKinds(a.columns, head), columnKinds(b.columns, head)];
  return (
    kinds.size === others.size &&
    [...kinds].every(([name, kind]) => others.get(name) === kind) &&
    a.names.every((name, index) => b.names[index] === name) &&
    a.mixed.length === b.mixed.length &&
    a.mixed.every((name) => b.mixed.includes(name))
  );
}
