import type { Row } from './viewer-files.ts';

/** The type of a column in the shape that `datasets` writes. */
export type Feature =
  | { dtype: string; _type: 'Value' }
  | { feature: Feature; _type: 'List' }
  | { _type: 'Json' }
  | { _type: 'Image' }
  | { [field: string]: Feature };

/** Types of all columns of some rows, in the order in which the columns first appear. */
export function featuresOf(rows: Row[]): Record<string, Feature> {
  return structOf(rows);
}

function structOf(rows: Row[]): Record<string, Feature> {
  const columns = new Map<string, unknown[]>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const column = columns.get(name);
      if (column) column.push(value);
      else columns.set(name, [value]);
    }
  }
  return Object.fromEntries([...columns].map(([name, values]) => [name, featureOf(values)]));
}

function featureOf(values: unknown[]): Feature {
  const present = values.filter((value) => value !== null && value !== undefined);
  if (present.length === 0) return { dtype: 'null', _type: 'Value' };
  if (present.every(Array.isArray)) return { feature: featureOf(present.flat()), _type: 'List' };
  if (present.every(isPicture)) return { _type: 'Image' };
  if (present.every(isStruct)) return structOf(present);
  const dtypes = new Set(present.map(dtypeOf));
  if (dtypes.size === 1) return { dtype: [...dtypes][0] ?? 'string', _type: 'Value' };
  if ([...dtypes].every((dtype) => dtype === 'int64' || dtype === 'float64'))
    return { dtype: 'float64', _type: 'Value' };
  return { _type: 'Json' };
}

function dtypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'string' ? 'string' : 'mixed';
}

export function conformRow(row: Row, features: Record<string, Feature>): Row {
  return Object.fromEntries(Object.entries(features).map(([name, feature]) => [name, conform(row[name], feature)]));
}

/** The value with every field that its type has: what Arrow lacks in one row it fills with null. */
function conform(value: unknown, feature: Feature): unknown {
  if (value === undefined || value === null) return null;
  if ('_type' in feature && typeof feature._type === 'string') {
    const inner = feature._type === 'List' && 'feature' in feature ? feature.feature : undefined;
    return inner && Array.isArray(value) ? value.map((item) => conform(item, inner)) : value;
  }
  return isStruct(value) ? conformRow(value, structFields(feature)) : value;
}

function structFields(feature: Feature): Record<string, Feature> {
  return Object.fromEntries(Object.entries(feature).filter((field) => typeof field[1] === 'object'));
}

/** As the real one shows a picture: where it can be had for a while, and its size. */
const isPicture = (value: unknown): boolean =>
  isStruct(value) && Object.keys(value).sort().join() === 'height,src,width';

const isStruct = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
