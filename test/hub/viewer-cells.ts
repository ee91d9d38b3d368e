import type { Row } from './viewer-files.ts';

/** A row as the viewer sends it. */
export interface ShownRow {
  row_idx: number;
  row: Row;
  truncated_cells: string[];
}

/** Cells below this many bytes are never cut. */
const MIN_CELL_BYTES = 100;

/**
 * Cuts long cells, from the last row backwards, until the rows fit into `limit` bytes of JSON. A cut cell is
 * the beginning of its JSON text, a string whatever it was before; strings stay strings.
 */
export function fitCells(rows: ShownRow[], limit: number): ShownRow[] {
  const fitted = rows.map((row) => ({ ...row, row: { ...row.row }, truncated_cells: [...row.truncated_cells] }));
  let size = bytes(fitted);
  for (const shown of fitted.toReversed()) {
    for (const [name, value] of Object.entries(shown.row)) {
      if (size <= limit) return fitted;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (Buffer.byteLength(text) <= MIN_CELL_BYTES) continue;
      size -= bytes(value);
      shown.row[name] = Buffer.from(text)
        .subarray(0, MIN_CELL_BYTES)
        .toString('utf8')
        .replace(/\ufffd+$/, '');
      shown.truncated_cells.push(name);
      size += bytes(shown.row[name]);
    }
  }
  return fitted;
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
