import type { DataFile } from '../local/data-file.ts';
import type { Range } from '../local/parquet/column-reader.ts';
import type { SeenRow } from '../rows.ts';
import { PLACE_BYTES, PLACE_ROWS, PLACES, type Sampled, sum } from './bounds.ts';
import { openShard, partsOf, readRows, type Shard, typesOf } from './shard.ts';

/** Files whose footers are read, so that the rows have their true numbers; of more, only those of three places. */
const FOOTERS = 16;
/** Rows of a small split, which is read whole. */
const SMALL_ROWS = 2_000;

/** Where some rows begin. */
interface Place {
  shard: Shard;
  group: number;
  range: Range;
  /** Rows of the split before the row group. */
  before: number;
}

/** Rows of row groups at the beginning, in the middle and at the end, by ranges of bytes: footers, then pages. */
export async function sampleParquet(files: readonly DataFile[]): Promise<Sampled> {
  const all = files.length <= FOOTERS;
  const chosen = all ? files : spread(files);
  const shards = await Promise.all(chosen.map(openShard));
  const { groups, rows: count } = rowGroups(files, new Map(chosen.map((file, index) => [file, shards[index]])));
  const isSmall = all && count <= SMALL_ROWS && bytesOf(files) <= PLACE_BYTES;
  const places = isSmall ? groups : (await placesIn(groups)).map(firstRows);
  const seen = await Promise.all(
    places.map(({ shard, group, range, before }) => readRows(shard, group, range, before)),
  );
  const rows = distinct(seen.flat());
  return {
    rows,
    total: all ? count : null,
    columns: shards[0] ? typesOf(shards[0]) : null,
    reach: all && rows.length === count ? 'whole' : places.length > 1 ? 'spread' : 'head',
    estimate: all ? null : Math.max(rows.length + 1, count),
  };
}

const bytesOf = (files: readonly DataFile[]): number => sum(files.map(({ byteLength }) => byteLength));

/** The row groups of the opened files, and the rows of all files: the others have as many to the byte. */
function rowGroups(files: readonly DataFile[], opened: ReadonlyMap<DataFile, Shard | undefined>) {
  const known = sum([...opened.values()].map((shard) => shard?.rows ?? 0));
  const rowsPerByte = known / Math.max(1, bytesOf([...opened.keys()]));
  const groups: Place[] = [];
  let before = 0;
  for (const file of files) {
    const shard = opened.get(file);
    if (!shard) before += Math.round(file.byteLength * rowsPerByte);
    for (const [group, { num_rows }] of shard?.metadata.row_groups.entries() ?? []) {
      const rows = Number(num_rows);
      if (shard && rows > 0) groups.push({ shard, group, range: { start: 0, end: rows }, before });
      before += rows;
    }
  }
  return { groups, rows: before };
}

/** Of a lone row group, the parts that can be found without reading it from its beginning. */
async function placesIn(groups: readonly Place[]): Promise<Place[]> {
  const [only] = groups;
  if (!only || groups.length >= PLACES) return spread(groups);
  const parts = await Promise.all(
    groups.map(async (place) => (await partsOf(place.shard, place.group)).map((range) => ({ ...place, range }))),
  );
  return spread(parts.flat());
}

/** The first, the middle and the last. */
function spread<T>(items: readonly T[]): T[] {
  const at = [0, Math.floor(items.length / 2), items.length - 1];
  return items.filter((_, index) => at.includes(index));
}

const firstRows = (place: Place): Place => {
  const { range } = place;
  return { ...place, range: { ...range, end: Math.min(range.start + PLACE_ROWS, range.end) } };
};

function distinct(rows: readonly SeenRow[]): SeenRow[] {
  return [...new Map(rows.map((row) => [row.index, row])).values()].sort((a, b) => a.index - b.index);
}
