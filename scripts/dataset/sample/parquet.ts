import type { DataFile } from '../local/data-file.ts';
import type { Range } from '../local/parquet/column-reader.ts';
import type { SeenRow } from '../rows.ts';
import { PLACE_BYTES, PLACE_ROWS, PLACES, type Sampled, sum } from './bounds.ts';
import { openShard, partsOf, readRows, type Shard, typesOf } from './shard.ts';

/** Files whose footers are read, so that the rows have their true numbers; of more, only those of the places. */
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
  const groups = rowGroups(shards);
  const total = all ? sum(shards.map(({ rows }) => rows)) : null;
  const bytes = sum(files.map(({ byteLength }) => byteLength));
  const isSmall = total !== null && total <= SMALL_ROWS && bytes <= PLACE_BYTES;
  const places = isSmall ? groups : (await placesIn(groups)).map(firstRows);
  const seen = await Promise.all(
    places.map(({ shard, group, range, before }) => readRows(shard, group, range, before)),
  );
  const rows = distinct(seen.flat());
  return {
    rows,
    total,
    columns: shards[0] ? typesOf(shards[0]) : null,
    reach: rows.length === total ? 'whole' : places.length > 1 ? 'spread' : 'head',
    numbered: all,
  };
}

function rowGroups(shards: readonly Shard[]): Place[] {
  const places: Place[] = [];
  let before = 0;
  for (const shard of shards) {
    for (const [group, { num_rows }] of shard.metadata.row_groups.entries()) {
      const rows = Number(num_rows);
      if (rows > 0) places.push({ shard, group, range: { start: 0, end: rows }, before });
      before += rows;
    }
  }
  return places;
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
