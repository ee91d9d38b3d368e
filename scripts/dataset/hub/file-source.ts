import type { Hub } from '../../hub/client.ts';
import type { RowSource } from '../rows.ts';
import { PLACE_BYTES, PLACES, type Sampled } from '../sample/bounds.ts';
import { pandasRows } from '../sample/pandas.ts';
import { sampleSplit } from '../sample/sample.ts';
import { addTypes, completed, tableColumns } from '../table-columns.ts';
import type { Type } from '../types.ts';
import { declaredColumns } from './card.ts';
import { type HubRequest, hubSplit } from './split.ts';

/** What the dataset viewer knows of a split whose rows it can't show whole. */
export interface Viewed {
  config: string | null;
  split: string;
  counted: number | null;
}

/**
 * A sample of a split out of the repository's own files, by ranges of bytes: under ten MB, whatever the size.
 * `why`: what the dataset viewer could not do. Throws TrainerError as `hubSplit`, and `data` for broken files.
 */
export async function fileSource(
  hub: Hub,
  request: HubRequest,
  sha: string,
  why: string,
  viewed?: Viewed,
): Promise<RowSource> {
  const split = await hubSplit(hub, request, sha);
  const files = split.parts.map(({ file }) => file);
  const sampled = await sampleSplit(files, split.format);
  const { facts } = split;
  const config = facts.config ?? 'default';
  const declared = declaredColumns(split.card, config) ?? sampled.columns;
  const isCsv = split.format === 'csv' || split.format === 'tsv';
  const seen = isCsv ? pandasRows(sampled.rows, declared) : sampled.rows;
  const types = new Map<string, Type>();
  for (const { row } of seen) addTypes(types, row);
  const { columns, mixed, names } = tableColumns(declared ?? types);
  const declaredTotal = facts.splits.find(({ name }) => name === facts.split)?.rows ?? null;
  const counted = viewed?.config === facts.config && viewed.split === facts.split ? viewed.counted : null;
  const total = sampled.total ?? counted ?? declaredTotal;
  const estimated = total === null && sampled.estimate !== null;
  return {
    ...facts,
    fingerprint: null,
    splits: facts.splits.map(({ name, rows: known }) => ({ name, rows: name === facts.split ? total : known })),
    columns,
    mixed,
    rows_total: total ?? sampled.estimate,
    ...(estimated ? { rows_estimated: true } : {}),
    notes: [
      `The rows come from the repository's own files: ${why}.`,
      ...notesOn(sampled, counted, declaredTotal, isCsv),
    ],
    async *rows() {
      for (const { row, ...rest } of seen) yield { ...rest, row: completed(row, names) };
    },
  };
}

function notesOn(sampled: Sampled, counted: number | null, declaredTotal: number | null, isCsv: boolean): string[] {
  const megabytes = Math.round((PLACES * PLACE_BYTES) / 1e6);
  const notes: string[] = [];
  if (sampled.reach === 'head') notes.push('Only the first rows could be read without reading all that is before.');
  if (sampled.reach !== 'whole') notes.push(`A sample of the files reads about ${megabytes} MB of rows at most.`);
  if (sampled.estimate !== null)
    notes.push('Row numbers after the first 100 are worked out from bytes: about right, not exact.');
  if (sampled.total === null && counted === null) {
    const unsaid = sampled.estimate === null ? 'not known' : 'an estimate, from the bytes of its files';
    notes.push(`How many rows the split has is ${declaredTotal === null ? unsaid : 'what its card says'}.`);
  }
  if (isCsv) notes.push('CSV says nothing of types: these are the ones that pandas would find in the rows seen.');
  return notes;
}
