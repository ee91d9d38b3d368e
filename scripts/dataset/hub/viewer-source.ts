import { TrainerError } from '../../errors.ts';
import type { Hub } from '../../hub/client.ts';
import type { DatasetInfo } from '../../hub/datasets.ts';
import {
  PAGE_ROWS,
  type SplitName,
  type ViewerOptions,
  type ViewerPage,
  type ViewerSplits,
  viewerFirstRows,
  viewerRows,
  viewerSizes,
} from '../../hub/viewer.ts';
import { chooseConfig, chooseSplit } from '../choose.ts';
import { featureName } from '../features.ts';
import type { RowSource } from '../rows.ts';
import type { HubRequest } from './split.ts';
import { hasCutCells, type Read, rowsOf } from './viewer-rows.ts';

/** Pages of a sample: the first, the middle and the last of the split. */
const SAMPLE_PAGES = 3;
/** Pages under way at once with `full`. */
const CONCURRENCY = 4;

export interface ViewerSource extends RowSource {
  /** Why other rows would be better: pages that are missing, cut cells, another commit; null where these are good. */
  lack: string | null;
  /** Rows of the split at the commit asked for; null where the viewer doesn't tell them. */
  counted: number | null;
}

/** One split through the dataset viewer: two requests deep after the list of splits. Throws as the viewer's calls. */
export async function viewerSource(
  hub: Hub,
  request: HubRequest,
  info: DatasetInfo,
  all: ViewerSplits,
): Promise<ViewerSource> {
  const { id, viewer } = request;
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
  const again = first.paged ? read : null;
  const sampled = request.full ? null : await samplePages(first.page, reach, read);
  const notes = notesOn(first, info.sha, total, request.revision);
  if (sampled?.missed) notes.push(`A page of the sample could not be read: ${sampled.missed}.`);
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
    notes,
    lack: lackOf(first, sampled, info.sha),
    counted: (first.page.revision ?? (request.revision === null ? info.sha : null)) === info.sha ? total : null,
    rows: async function* rows() {
      const pages = sampled?.pages ?? allPages(first.page, allOffsets(reach), read);
      for await (const page of pages) yield* rowsOf(page, again);
    },
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

interface SamplePages {
  pages: ViewerPage[];
  /** Why a page is missing; null where none is. */
  missed: string | null;
}

async function samplePages(first: ViewerPage, rows: number | null, read: Read): Promise<SamplePages> {
  const asked = await Promise.allSettled(sampleOffsets(rows).map((offset) => read(offset)));
  const failed = asked.find((one) => one.status === 'rejected');
  if (failed && !(failed.reason instanceof TrainerError)) throw failed.reason;
  const pages = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return { pages: [first, ...pages], missed: failed ? failed.reason.message : null };
}

function lackOf({ page, paged }: First, sampled: SamplePages | null, sha: string): string | null {
  if (page.revision !== null && page.revision !== sha) return 'the dataset viewer shows another commit';
  if (!paged) return 'the dataset viewer shows only the first rows';
  if (page.partial) return 'the dataset viewer has read only a part';
  if (sampled?.missed) return sampled.missed;
  return sampled?.pages.some(hasCutCells) ? 'the dataset viewer cuts long cells' : null;
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
function sampleOffsets(rows: number | null): number[] {
  if (rows === null || rows <= PAGE_ROWS) return [];
  if (rows <= SAMPLE_PAGES * PAGE_ROWS) return allOffsets(rows);
  return [Math.floor((rows - PAGE_ROWS) / 2), rows - PAGE_ROWS];
}

function allOffsets(rows: number | null): number[] {
  const pages = Math.ceil((rows ?? 0) / PAGE_ROWS);
  return Array.from({ length: Math.max(0, pages - 1) }, (_, index) => (index + 1) * PAGE_ROWS);
}

async function* allPages(first: ViewerPage, offsets: readonly number[], read: Read): AsyncGenerator<ViewerPage> {
  yield first;
  const underway: Promise<ViewerPage>[] = [];
  for (let next = 0; next < offsets.length || underway.length > 0; ) {
    while (next < offsets.length && underway.length < CONCURRENCY) {
      const asked = read(offsets[next++] ?? 0);
      asked.catch(() => undefined); // thrown where it is awaited
      underway.push(asked);
    }
    const page = await underway.shift();
    if (page) yield page;
  }
}
