import type { Mapping } from '../plan/mapping.ts';
import { applyMapping } from './mapping.ts';
import type { Column } from './report.ts';
import { isRecord, type Row, UNSEEN } from './rows.ts';

/** What a column's cells are to a trainer, judged by its first values. */
export type ColumnKind = 'text' | 'messages' | 'from_value' | 'pictures' | 'null' | 'other';
export type ColumnKinds = ReadonlyMap<string, ColumnKind>;

export function columnKinds(columns: readonly Column[], head: readonly Row[]): ColumnKinds {
  return new Map(columns.map(({ name, type }) => [name, declared(kindByValues(name, head), type)]));
}

/** What looks like a picture is one to TRL only where its column says so. */
function declared(kind: ColumnKind | null, type: string): ColumnKind {
  const byType = kindByType(type);
  return kind === 'pictures' && byType !== 'pictures' ? 'other' : (kind ?? byType);
}

/** The same after a mapping; `head`: the rows that decide, as they are before it. */
export function mappedKinds(kinds: ColumnKinds, mapping: Mapping, head: readonly Row[]): ColumnKinds {
  const mapped = head.map((row) => applyMapping(row, mapping));
  return new Map(
    mapping.columns.map(({ to, from }) => {
      const kind = typeof from === 'string' ? kinds.get(from) : kindByValues(to, mapped);
      return [to, kind ?? 'null'];
    }),
  );
}

/** By the first cell that tells; null where none does. */
function kindByValues(name: string, head: readonly Row[]): ColumnKind | null {
  let fallback: ColumnKind | null = null;
  for (const row of head) {
    const value = row[name];
    if (value === null || value === undefined || value === UNSEEN) continue;
    if (typeof value === 'string') return 'text';
    if (isPicture(value)) return 'pictures';
    if (Array.isArray(value)) {
      if (value.length === 0) continue;
      if (value.every(isPicture)) return 'pictures';
      if (value.some((item) => isRecord(item) && 'role' in item)) return 'messages';
      const first: unknown = value[0];
      if (isRecord(first) && 'from' in first && 'value' in first) return 'from_value';
    }
    fallback = 'other';
  }
  return fallback;
}

/** As `datasets` keeps them: {bytes, path}; as the dataset viewer shows them: {src, height, width}. */
const isPicture = (value: unknown): boolean =>
  isRecord(value) &&
  (value.bytes instanceof Uint8Array || (typeof value.src === 'string' && typeof value.width === 'number'));

function kindByType(type: string): ColumnKind {
  if (/^(list<)?image>?$/.test(type)) return 'pictures';
  if (type === 'string' || type === 'large_string') return 'text';
  if (type === 'null' || type === 'list<null>') return 'null';
  if (/^list<struct<.*\brole: /.test(type)) return 'messages';
  return /^list<struct<.*\bfrom: .*\bvalue: |^list<struct<.*\bvalue: .*\bfrom: /.test(type) ? 'from_value' : 'other';
}
