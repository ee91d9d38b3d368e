import { isRecord } from './rows.ts';

/** The name of a type of `datasets` features, as the dataset viewer writes it: `list<struct<role: string, ...>>`. */
export function featureName(feature: unknown): string {
  if (Array.isArray(feature)) return `list<${featureName(feature[0])}>`;
  if (!isRecord(feature)) return 'unknown';
  const kind = feature._type;
  if (kind === 'Value') return typeof feature.dtype === 'string' ? feature.dtype : 'unknown';
  if (kind === 'List' || kind === 'LargeList') return `list<${featureName(feature.feature)}>`;
  // A sequence of structs is stored as a struct of lists, and that is how its rows come.
  if (kind === 'Sequence') {
    return isRecord(feature.feature) && !('_type' in feature.feature)
      ? structName(feature.feature, (item) => `list<${featureName(item)}>`)
      : `list<${featureName(feature.feature)}>`;
  }
  if (typeof kind === 'string') return kind.toLowerCase();
  return structName(feature, featureName);
}

function structName(fields: Readonly<Record<string, unknown>>, name: (feature: unknown) => string): string {
  return `struct<${Object.entries(fields)
    .map(([key, item]) => `${key}: ${name(item)}`)
    .join(', ')}>`;
}
