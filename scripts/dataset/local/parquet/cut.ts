import type { FileMetaData, RowGroup, SchemaTree } from 'hyparquet';
import type { DataFile } from '../data-file.ts';
import type { Range } from './column-reader.ts';
import { leafOf } from './leaf.ts';
import { chunkOf } from './page-stream.ts';
import { type PagePlace, type PageTable, pageTable } from './page-table.ts';

/** Compressed bytes of a piece, about. */
const PIECE_BYTES = 8 << 20;

/** A part of a parquet file that can be read by itself. */
export interface GroupPart {
  group: number;
  range: Range;
}

/** Row groups, and parts of the large ones, in order. `columns`: those that will be read. */
export async function* groupParts(
  file: DataFile,
  metadata: FileMetaData,
  schema: SchemaTree,
  columns: readonly string[],
  pieceBytes = PIECE_BYTES,
): AsyncGenerator<GroupPart> {
  for (const [group, rowGroup] of metadata.row_groups.entries()) {
    const rows = Number(rowGroup.num_rows);
    for (const range of await ranges(file, rowGroup, rows, schema, columns, pieceBytes)) yield { group, range };
  }
}

async function ranges(
  file: DataFile,
  group: RowGroup,
  rows: number,
  schema: SchemaTree,
  columns: readonly string[],
  pieceBytes: number,
): Promise<Range[]> {
  const whole = [{ start: 0, end: rows }];
  const chunks = [...group.columns.entries()].filter(([, { meta_data }]) =>
    columns.includes(meta_data?.path_in_schema[0] ?? ''),
  );
  const sizes = chunks.map(([, { meta_data }]) => (meta_data ? chunkOf(meta_data) : { start: 0, end: 0 }));
  if (sizes.reduce((sum, { start, end }) => sum + end - start, 0) <= 2 * pieceBytes) return whole;
  const tables = new Map<number, PageTable>();
  for (const [index, chunk] of chunks) {
    const table = chunk.meta_data ? await pageTable(file, chunk, leafOf(schema, chunk.meta_data)) : null;
    if (!table) return whole;
    tables.set(index, table);
  }
  const cuts = cutsOf([...tables.values()], rows, pieceBytes);
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1] ?? rows;
    const stretches = [...tables].map(([column, table]) => [column, stretchOf(table, start, end)] as const);
    return { start, end, stretches: Object.fromEntries(stretches) };
  });
}

/** Rows at which the pieces begin, and the end: where the largest column has come so many bytes further. */
function cutsOf(tables: readonly PageTable[], rows: number, pieceBytes: number): number[] {
  const bytes = ({ pages }: PageTable): number => pages.reduce((sum, { start, end }) => sum + end - start, 0);
  const [largest] = [...tables].sort((a, b) => bytes(b) - bytes(a));
  const cuts = [0];
  let since = 0;
  for (const page of largest?.pages ?? []) {
    if (since >= pieceBytes && page.rowsBefore > (cuts.at(-1) ?? 0) && page.rowsBefore < rows) {
      cuts.push(page.rowsBefore);
      since = 0;
    }
    since += page.end - page.start;
  }
  return [...cuts, rows];
}

/** The pages that hold the rows from `start` to `end`. */
function stretchOf({ pages, dictionary }: PageTable, start: number, end: number) {
  const first = pages.findLastIndex(({ rowsBefore }) => rowsBefore <= start);
  const after = pages.findIndex((page, index) => index > first && isAfter(page, end));
  const from = pages[Math.max(0, first)];
  const last = after === -1 ? pages.at(-1) : pages[after - 1];
  return {
    start: from?.start ?? 0,
    end: last?.end ?? 0,
    rowsBefore: from?.rowsBefore ?? 0,
    ...(dictionary ? { dictionary } : {}),
  };
}

/** Holds nothing of the rows before `row`. */
const isAfter = ({ rowsBefore, continues }: PagePlace, row: number): boolean =>
  rowsBefore > row || (rowsBefore === row && !continues);
