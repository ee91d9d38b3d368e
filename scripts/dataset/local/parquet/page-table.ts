import type { RowGroup } from 'hyparquet';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import type { DataFile } from '../data-file.ts';
import type { Leaf } from './leaf.ts';
import { entriesOf, type PageHeader, parquetHeader, readLevels } from './page.ts';
import { chunkOf } from './page-stream.ts';
import { prefix } from './prefix.ts';

/** Where the pages of one column chunk lie, so that reading can begin at one. */
export interface PageTable {
  dictionary?: { start: number; end: number };
  pages: PagePlace[];
}

export interface PagePlace {
  start: number;
  end: number;
  /** Rows of the group that begin before this page. */
  rowsBefore: number;
  /** Begins in the middle of a row. */
  continues: boolean;
}

/** Bytes of a page that hold its header and, mostly, its repetition levels. */
const GLANCE = 8 << 10;

/**
 * From the file's offset index, or by a glance at every page where the file is near. Null where neither will do: the
 * pages could be found only by reading all of them.
 */
export async function pageTable(
  file: DataFile,
  chunk: RowGroup['columns'][number],
  leaf: Leaf,
): Promise<PageTable | null> {
  if (!chunk.meta_data) return null;
  const { start, end } = chunkOf(chunk.meta_data);
  const places = (await indexedPages(file, chunk)) ?? (file.near ? await seenPages(file, start, end, leaf) : null);
  const first = places?.[0];
  if (!places || !first) return null;
  return { pages: places, ...(start < first.start ? { dictionary: { start, end: first.start } } : {}) };
}

/** Pages that an offset index names begin with a row: the Parquet format's PageIndex.md. */
async function indexedPages(file: DataFile, chunk: RowGroup['columns'][number]): Promise<PagePlace[] | null> {
  const [offset, length] = [Number(chunk.offset_index_offset ?? 0), Number(chunk.offset_index_length ?? 0)];
  if (offset === 0 || length === 0) return null;
  const bytes = await file.slice(offset, offset + length);
  const index = readOffsetIndex({ view: new DataView(bytes), offset: 0 });
  return index.page_locations.map((page) => ({
    start: Number(page.offset),
    end: Number(page.offset) + page.compressed_page_size,
    rowsBefore: Number(page.first_row_index),
    continues: false,
  }));
}

async function seenPages(file: DataFile, start: number, end: number, leaf: Leaf): Promise<PagePlace[] | null> {
  const places: PagePlace[] = [];
  let rowsBefore = 0;
  for (let at = start; at < end; ) {
    const glance = new Uint8Array(await file.slice(at, Math.min(at + GLANCE, end)));
    const reader = { view: new DataView(glance.buffer), offset: 0 };
    const header = parquetHeader(reader);
    const next = at + reader.offset + header.compressed_page_size;
    if (next > end) throw new Error(`parquet page ends at byte ${next}, its column at ${end}`);
    if (entriesOf(header, leaf) !== null) {
      const starts = rowStarts(header, glance.subarray(reader.offset), leaf);
      if (!starts) return null;
      places.push({ start: at, end: next, rowsBefore, continues: starts.continues });
      rowsBefore += starts.rows;
    }
    at = next;
  }
  return places;
}

/** How many rows begin in a page, by its first bytes; null where they don't tell. */
function rowStarts(header: PageHeader, bytes: Uint8Array, leaf: Leaf): { rows: number; continues: boolean } | null {
  const v2 = header.data_page_header_v2;
  if (v2) return { rows: v2.num_rows, continues: false };
  const entries = header.data_page_header?.num_values ?? 0;
  if (leaf.maxRepetition === 0) return { rows: entries, continues: false };
  const levels = prefix(leaf.decoder.codec, bytes.subarray(0, header.compressed_page_size), GLANCE);
  if (!levels || levels.length < 4) return null;
  const view = new DataView(levels.buffer, levels.byteOffset, levels.byteLength);
  if (4 + view.getUint32(0, true) > levels.length) return null;
  const { repetitions } = readLevels({ view, offset: 0 }, entries, { ...leaf, maxDefinition: 0 }, []);
  let rows = 0;
  for (const level of repetitions ?? []) if (level === 0) rows += 1;
  return { rows, continues: (repetitions?.[0] ?? 0) > 0 };
}
