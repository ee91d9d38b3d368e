import * as z from 'zod';
import type { ColumnTypes } from '../local/reader.ts';
import { isRecord } from '../rows.ts';

/** What a dataset's card says of a config in `dataset_info`: `load_dataset` gives the columns those types. */
function infoOf(card: unknown, config: string): Readonly<Record<string, unknown>> | null {
  const infos = isRecord(card) ? [card.dataset_info].flat().filter(isRecord) : [];
  return infos.find((info) => (info.config_name ?? 'default') === config) ?? null;
}

const Splits = z.array(z.object({ name: z.string(), num_examples: z.number().int().nonnegative() }));

/** Rows by split, as far as the card says. */
export function declaredRows(card: unknown, config: string): Map<string, number> {
  const splits = Splits.safeParse(infoOf(card, config)?.splits).data ?? [];
  return new Map(splits.map(({ name, num_examples }) => [name, num_examples]));
}

/** Columns with their types; null where the card doesn't say. */
export function declaredColumns(card: unknown, config: string): ColumnTypes | null {
  const features = infoOf(card, config)?.features;
  const named = namedTypes(features);
  return named && named.length > 0 ? new Map(named) : null;
}

/** `features` in YAML are a list: the short form that `Features._from_yaml_list` of `datasets` reads. */
function namedTypes(features: unknown): [name: string, type: string][] | null {
  if (!Array.isArray(features)) return null;
  const named: [string, string][] = [];
  for (const feature of features) {
    if (!isRecord(feature) || typeof feature.name !== 'string') return null;
    named.push([feature.name, typeOf(feature)]);
  }
  return named;
}

function typeOf(feature: unknown): string {
  if (typeof feature === 'string') return feature;
  const fields = namedTypes(feature);
  if (fields) return structOf(fields);
  if (!isRecord(feature)) return 'unknown';
  const { dtype, list, sequence, struct } = feature;
  if (typeof dtype === 'string') return dtype;
  if (isRecord(dtype)) return (Object.keys(dtype)[0] ?? 'unknown').replaceAll('_', '');
  if (list !== undefined) return `list<${typeOf(list)}>`;
  if (struct !== undefined) return typeOf(struct);
  if (sequence === undefined) return 'unknown';
  // A sequence of structs is stored as a struct of lists, and that is how its rows come.
  const items = namedTypes(sequence);
  return items ? structOf(items.map(([name, type]) => [name, `list<${type}>`])) : `list<${typeOf(sequence)}>`;
}

const structOf = (fields: readonly [name: string, type: string][]): string =>
  `struct<${fields.map(([name, type]) => `${name}: ${type}`).join(', ')}>`;
