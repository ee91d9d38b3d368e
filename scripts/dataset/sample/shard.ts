import { type FileMetaData, parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { featureName } from '../features.ts';
import { type DataFile, glanced } from '../local/data-file.ts';
import type { Range } from '../local/parquet/column-reader.ts';
import { groupParts } from '../local/parquet/cut.ts';
import { parquet } from '../local/parquet.ts';
import type { ColumnTypes, Readable } from '../local/reader.ts';
import { withTail } from '../local/tail.ts';
import { isRecord, type SeenRow } from '../rows.ts';
import { PLACE_BYTES } from './bounds.ts';

/** A parquet file whose footer was read. */
export interface Shard {
  file: DataFile;
  metadata: FileMetaData;
  readable: Readable;
  rows: number;
}

/** Bytes at the end that are asked for at once: the footer, and mostly the last rows. */
const TAIL = 1 << 19;

/** Throws TrainerError `data` for one that is damaged or encrypted. */
export async function openShard(remote: DataFile): Promise<Shard> {
  const file = withTail(glanced(remote), TAIL);
  const readable = await parquet.open(file);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  return { file, metadata, readable, rows: Number(metadata.num_rows) };
}

/** Types as `datasets` wrote them into the file, else as its schema has them. */
export function typesOf({ readable, metadata }: Shard): ColumnTypes | null {
  const declared = readable.declared?.columns ?? null;
  const features = featuresIn(metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value);
  if (!declared || !features) return declared;
  return new Map(
    [...declared].map(([name, type]) => [name, Object.hasOwn(features, name) ? featureName(features[name]) : type]),
  );
}

function featuresIn(text: string | undefined): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    const info = isRecord(value) ? value.info : null;
    return isRecord(info) && isRecord(info.features) ? info.features : null;
  } catch {
    return null;
  }
}

/** The parts of a large row group that its offset index tells apart; one for all of it where there is none. */
export async function partsOf({ file, metadata }: Shard, group: number): Promise<Range[]> {
  const rowGroup = metadata.row_groups[group];
  if (!rowGroup) return [];
  const schema = parquetSchema(metadata);
  const names = schema.children.map(({ element }) => element.name);
  const ranges: Range[] = [];
  for await (const { range } of groupParts(file, { ...metadata, row_groups: [rowGroup] }, schema, names)) {
    ranges.push(range);
  }
  return ranges;
}

/** Rows of a row group; fewer where they are large. `before`: rows of the split before the group. */
export async function readRows(shard: Shard, group: number, range: Range, before: number): Promise<SeenRow[]> {
  const rows: SeenRow[] = [];
  let bytes = 0;
  for await (const batch of shard.readable.batches({ group, range })) {
    for (const row of batch) {
      rows.push({ index: before + range.start + rows.length, row });
      bytes += weight(row);
    }
    if (bytes > PLACE_BYTES) break;
  }
  return rows;
}

/** Bytes that a value takes, about. */
function weight(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce<number>((total, item) => total + weight(item), 0);
  return isRecord(value) ? weight(Object.values(value)) : 8;
}
