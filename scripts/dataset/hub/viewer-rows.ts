import type { ViewerPage } from '../../hub/viewer.ts';
import { featureName } from '../features.ts';
import { type SeenRow, UNSEEN } from '../rows.ts';

/** Rows of the split from an offset, a page of them by default. */
export type Read = (offset: number, length?: number) => Promise<ViewerPage>;

type PageRow = ViewerPage['rows'][number];

/** Rows of a page that are read again, alone, where the page has them cut. */
const READ_AGAIN = 4;

/**
 * The viewer cuts cells so that a page stays small, and the rows that it cuts are the long ones. Some of them are
 * read again, alone and so whole, and stand for the lengths of all that were cut.
 */
export async function* rowsOf(page: ViewerPage, read: Read | null): AsyncGenerator<SeenRow> {
  const texts = new Set(page.features.filter(({ type }) => featureName(type) === 'string').map(({ name }) => name));
  const cut = page.rows.filter(isCut);
  const again = read ? await Promise.all(spread(cut, READ_AGAIN).map((row) => readAlone(row, read))) : [];
  const whole = new Map(again.filter((row) => !isCut(row)).map((row) => [row.row_idx, row]));
  for (const row of page.rows) {
    const alone = whole.get(row.row_idx);
    if (alone) yield { index: row.row_idx, row: alone.row, stands_for: cut.length / whole.size };
    else yield { index: row.row_idx, row: withoutCut(row, texts), ...(isCut(row) ? { stands_for: 0 } : {}) };
  }
}

/** Whether more rows are cut than those that are read again. */
export const hasCutCells = (page: ViewerPage): boolean => page.rows.filter(isCut).length > READ_AGAIN;

const isCut = ({ truncated_cells }: PageRow): boolean => truncated_cells.length > 0;

/** What is cut when it is alone, or can't be read now, stays as it was. */
async function readAlone(row: PageRow, read: Read): Promise<PageRow> {
  const page = await read(row.row_idx, 1).catch(() => null);
  return page?.rows[0] ?? row;
}

/** At most `count` of the items, from the first to the last. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return items.filter(
    (_, index) => Math.floor((index * count) / items.length) !== Math.floor(((index - 1) * count) / items.length),
  );
}

/** A cut list or struct arrives as a piece of its JSON; a cut text is still text. */
function withoutCut({ row, truncated_cells }: PageRow, texts: ReadonlySet<string>): SeenRow['row'] {
  const cut = truncated_cells.filter((name) => !texts.has(name));
  return cut.length > 0 ? { ...row, ...Object.fromEntries(cut.map((name) => [name, UNSEEN])) } : row;
}
