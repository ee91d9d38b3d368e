import type { Mapping } from '../plan/mapping.ts';
import type { Column } from './report.ts';
import { isRecord, type Row, UNSEEN } from './rows.ts';

/** What a column's cells are to a trainer, judged by its first values. */
export type ColumnKind = 'text' | 'messages' | 'from_value' | 'null' | 'other';
export type ColumnKinds = ReadonlyMap<string, ColumnKind>;

export function columnKinds(columns: readonly Column[], head: readonly Row[]): ColumnKinds {
  return new Map(columns.map(({ name, type }) => [name, kindByValues(name, head) ?? kindByType(type)]));
}

/** The same after a mapping. */
export function mappedKinds(kinds: ColumnKinds, mapping: Mapping): ColumnKinds {
  return new Map(mapping.columns.map(({ to, from }) => [to, kinds.get(from) ?? 'null']));
}

/** By the first cell that tells; null where none does. */
function kindByValues(name: string, head: readonly Row[]): ColumnKind | null {
  let fallback: ColumnKind | null = null;
  for (const row of head) {
    const value = row[name];
    if (value === null || value === undefined || value === UNSEEN) continue;
    if (typeof value === 'string') return 'text';
    if (Array.isArray(value)) {
      const first: unknown = value[0];
      if (isRecord(first) && ('role' in first || 'content' in first)) return 'messages';
      if (isRecord(first) && 'from' in first && 'value' in first) return 'from_value';
    }
    fallback = 'other';
  }
  return fallback;
}

function kindByType(type: string): ColumnKind {
  if (type === 'string' || type === 'large_string') return 'text';
  if (type === 'null') return 'null';
  if (/^list<struct<.*\brole: /.test(type)) return 'messages';
  return /^list<struct<.*\bfrom: .*\bvalue: |^list<struct<.*\bvalue: .*\bfrom: /.test(type) ? 'from_value' : 'other';
}
