import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { datasetInfo } from '../hub/datasets.ts';
import {
  PAGE_ROWS,
  type SplitName,
  type ViewerOptions,
  type ViewerPage,
  viewerFirstRows,
  viewerRows,
  viewerSizes,
  viewerSplits,
} from '../hub/viewer.ts';
import { chooseConfig, chooseSplit } from './choose.ts';
import { featureName } from './features.ts';
import { type RowSource, type SeenRow, UNSEEN } from './rows.ts';

/** Pages of a sample: the first, the middle and the last of the split. */
const SAMPLE_PAGES = 3;
/** Pages under way at once with `full`. */
const CONCURRENCY = 4;

export interface HubRequest {
  id: string;
  revision: string | null;
  config: string | undefined;
  split: string | undefined;
  /** Every row instead of a sample. */
  full: boolean;
  viewer: ViewerOptions;
}

/** One split of a Hub dataset through the dataset viewer, three requests deep. */
export async function hubSource(hub: Hub, request: HubRequest): Promise<RowSource> {
  const { id, viewer } = request;
  // Started together; the repository's own answer explains best what is wrong, so it is awaited first.
  const asked = viewerSplits(hub, id, viewer);
  asked.catch(() => undefined);
  const info = await datasetInfo(hub, id, request.revision);
  const all = await asked;
  const configs = [...new Set(all.map((item) => item.config))];
  const config = chooseConfig(id, configs, request.config, info.default_config);
  const names = all.filter((item) => item.config === config).map((item) => item.split);
  const split = chooseSplit(id, names, request.split);
  const name: SplitName = { dataset: id, config, split };
  const read: Read = (offset, length) => viewerRows(hub, name, offset, viewer, length);
  const [sizes, first] = await Promise.all([
    viewerSizes(hub, id, config, viewer).catch(() => new Map<string, number | null>()),
    firstPage(hub, name, viewer),
  ]);
  const size = sizes.get(split);
  const total = first.page.partial ? null : (first.page.num_rows_total ?? size ?? null);
  const reach = first.paged ? (first.page.num_rows_total ?? size ?? null) : null;
  return {
    dataset: info.id,
    source: 'hub',
    revision: info.sha,
    fingerprint: null,
    files: [],
    config,
    split,
    splits: names.map((each) => ({ name: each, rows: (each === split ? total : null) ?? sizes.get(each) ?? null })),
    columns: first.page.features.map((feature) => ({ name: feature.name, type: featureName(feature.type) })),
    mixed: [],
    rows_total: total,
    notes: notesOn(first, info.sha, total, request.revision),
    rows: () => pages(first, request.full ? allOffsets(reach) : sampleOffsets(reach), read),
  };
}

interface First {
  page: ViewerPage;
  /** Whether further pages can be had. */
  paged: boolean;
}

/** `/rows` needs the viewer's parquet copy; `/first-rows` works without it. */
async function firstPage(hub: Hub, name: SplitName, viewer: ViewerOptions): Promise<First> {
  try {
    return { page: await viewerRows(hub, name, 0, viewer), paged: true };
  } catch (error) {
    if (!(error instanceof TrainerError) || error.code !== 'viewer_not_ready') throw error;
    try {
      return { page: await viewerFirstRows(hub, name, viewer), paged: false };
    } catch {
      throw error;
    }
  }
}

function notesOn({ page, paged }: First, sha: string, total: number | null, asked: string | null): string[] {
  const notes: string[] = [];
  if (!paged) notes.push('The dataset viewer shows only the first rows of this dataset.');
  if (page.partial) notes.push('The dataset viewer has read only a part of this dataset.');
  if (total === null) notes.push('How many rows the split has is not known.');
  if (page.revision === null && asked !== null) {
    notes.push(`The dataset viewer shows the default branch; training reads ${sha.slice(0, 8)}.`);
  }
  if (page.revision !== null && page.revision !== sha) {
    notes.push(`The rows seen are of commit ${page.revision.slice(0, 8)}; training reads ${sha.slice(0, 8)}.`);
  }
  return notes;
}

/** Offsets of the pages after the first, so that the sample has the beginning, the middle and the end. */
export function sampleOffsets(rows: number | null): number[] {
  if (rows === null || rows <= PAGE_ROWS) return [];
  if (rows <= SAMPLE_PAGES * PAGE_ROWS) return allOffsets(rows);
  return [Math.floor((rows - PAGE_ROWS) / 2), rows - PAGE_ROWS];
}

function allOffsets(rows: number | null): number[] {
  const pages = Math.ceil((rows ?? 0) / PAGE_ROWS);
  return Array.from({ length: Math.max(0, pages - 1) }, (_, index) => (index + 1) * PAGE_ROWS);
}

/** Rows of the split from an offset, a page of them by default. */
type Read = (offset: number, length?: number) => Promise<ViewerPage>;

async function* pages(first: First, offsets: readonly number[], read: Read): AsyncGenerator<SeenRow> {
  const whole = first.paged ? read : null;
  yield* rowsOf(first.page, whole);
  const underway: Promise<ViewerPage>[] = [];
  for (let next = 0; next < offsets.length || underway.length > 0; ) {
    while (next < offsets.length && underway.length < CONCURRENCY) {
      const asked = read(offsets[next++] ?? 0);
      asked.catch(() => undefined); // thrown where it is awaited
      underway.push(asked);
    }
    const page = await underway.shift();
    if (page) yield* rowsOf(page, whole);
  }
}

type PageRow = ViewerPage['rows'][number];

/** Rows of a page that are read again, alone, where the page has them cut. */
const READ_AGAIN = 4;

/**
 * The viewer cuts cells so that a page stays small, and the rows that it cuts are the long ones. Some of them are
 * read again, alone and so whole, and stand for the lengths of all that were cut.
 */
async function* rowsOf(page: ViewerPage, read: Read | null): AsyncGenerator<SeenRow> {
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
