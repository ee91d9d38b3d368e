import type { ColumnTypes } from '../local/reader.ts';
import type { SeenRow } from '../rows.ts';
import type { Type } from '../types.ts';

/**
 * Cells of a CSV as `load_dataset` has them, which reads with pandas: empty ones and these words are null, a column
 * of numbers holds numbers. A column whose type the card declares as text stays text.
 */
export function pandasRows(rows: readonly SeenRow[], declared: ColumnTypes | null): SeenRow[] {
  const readers = new Map(
    Object.keys(rows[0]?.row ?? {}).map((name) => [name, readerFor(rows, name, declared?.get(name))] as const),
  );
  return rows.map(({ row, ...rest }) => ({
    ...rest,
    row: Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, readers.get(name)?.(cell) ?? null])),
  }));
}

/** pandas' `na_values`, its defaults. */
const MISSING = new Set([
  '',
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'None',
  'n/a',
  'nan',
  'null',
]);
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const TRUTH = /^(?:true|false)$/i;

function readerFor(rows: readonly SeenRow[], name: string, type: string | Type | undefined) {
  const cells = rows.flatMap(({ row }) => {
    const cell = row[name];
    return typeof cell === 'string' && !MISSING.has(cell) ? [cell] : [];
  });
  const isText = type === 'string' || type === 'large_string';
  const every = (pattern: RegExp): boolean => !isText && cells.length > 0 && cells.every((cell) => pattern.test(cell));
  const read = every(NUMBER)
    ? (cell: string): unknown => Number(cell)
    : every(TRUTH)
      ? (cell: string): unknown => cell.toLowerCase() === 'true'
      : (cell: string): unknown => cell;
  return (cell: unknown): unknown => (typeof cell === 'string' && !MISSING.has(cell) ? read(cell) : null);
}
