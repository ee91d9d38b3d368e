import type { Hub } from '../../hub/client.ts';
import type { ColumnTypes } from '../local/reader.ts';
import type { RowSource, SeenRow } from '../rows.ts';
import { PLACE_BYTES, PLACES, type Sampled } from '../sample/bounds.ts';
import { pandasRows } from '../sample/pandas.ts';
import { sampleSplit } from '../sample/sample.ts';
import { isMixed, merge, type Type, typeName, typeOf } from '../types.ts';
import { declaredColumns } from './card.ts';
import { type HubRequest, hubSplit } from './split.ts';

/**
 * A sample of a split out of the repository's own files, by ranges of bytes: a few MB, whatever the size.
 * `why`: what the dataset viewer could not do. Throws TrainerError as `hubSplit`, and `data` for broken files.
 */
export async function fileSource(hub: Hub, request: HubRequest, sha: string, why: string): Promise<RowSource> {
  const split = await hubSplit(hub, request, sha);
  const files = split.parts.map(({ file }) => file);
  const sampled = await sampleSplit(files, split.format);
  const { facts } = split;
  const config = facts.config ?? 'default';
  const declared = declaredColumns(split.card, config) ?? sampled.columns;
  const isCsv = split.format === 'csv' || split.format === 'tsv';
  const seen = isCsv ? pandasRows(sampled.rows, declared) : sampled.rows;
  const columns = declared ?? typesOf(seen);
  const declaredTotal = facts.splits.find(({ name }) => name === facts.split)?.rows ?? null;
  const total = sampled.total ?? declaredTotal;
  const rows = completed(seen, [...columns.keys()]);
  return {
    ...facts,
    fingerprint: null,
    splits: facts.splits.map(({ name, rows: known }) => ({ name, rows: name === facts.split ? total : known })),
    columns: [...columns].map(([name, type]) => ({ name, type: typeof type === 'string' ? type : typeName(type) })),
    mixed: [...columns].filter(([, type]) => typeof type !== 'string' && isMixed(type)).map(([name]) => name),
    rows_total: total,
    notes: [`The rows come from the repository's own files: ${why}.`, ...notesOn(sampled, declaredTotal, isCsv)],
    async *rows() {
      yield* rows;
    },
  };
}

function notesOn(sampled: Sampled, declaredTotal: number | null, isCsv: boolean): string[] {
  const megabytes = Math.round((PLACES * PLACE_BYTES) / 1e6);
  const notes: string[] = [];
  if (sampled.reach === 'head') notes.push('Only the first rows could be read without reading all that is before.');
  if (sampled.reach !== 'whole') notes.push(`A sample of the files reads about ${megabytes} MB of rows at most.`);
  if (!sampled.numbered)
    notes.push('Row numbers after the first 100 are worked out from bytes: about right, not exact.');
  if (sampled.total === null) {
    notes.push(
      declaredTotal === null
        ? 'How many rows the split has is not known.'
        : 'How many rows the split has is what its card says.',
    );
  }
  if (isCsv) notes.push('CSV says nothing of types: these are the ones that pandas would find in the rows seen.');
  return notes;
}

/** As they come from the values of the sample. */
function typesOf(rows: readonly SeenRow[]): ColumnTypes {
  const columns = new Map<string, Type>();
  for (const { row } of rows) {
    for (const [name, value] of Object.entries(row)) {
      const known = columns.get(name);
      const type = typeOf(value);
      columns.set(name, known ? merge(known, type) : type);
    }
  }
  return columns;
}

/** A key that a row lacks is a null in the column. */
function completed(rows: readonly SeenRow[], names: readonly string[]): SeenRow[] {
  return rows.map(({ row, ...rest }) => ({
    ...rest,
    row: names.every((name) => name in row) ? row : Object.fromEntries(names.map((name) => [name, row[name] ?? null])),
  }));
}
