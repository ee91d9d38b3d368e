import { TrainerError } from '../errors.ts';
import type { Mapping } from '../plan/mapping.ts';
import { preview } from '../printable.ts';
import type { Column } from './report.ts';
import type { Row } from './rows.ts';

/** The row that the trainer sees: the mapped columns and no others. */
export function applyMapping(row: Row, mapping: Mapping): Row {
  return Object.fromEntries(mapping.columns.map(({ to, from }) => [to, row[from] ?? null]));
}

/**
 * `--map new=old`, repeated. A column's name may contain `=`; a trainer's doesn't, so the first one counts.
 * Throws TrainerError `usage`. Null for no flags.
 */
export function parseMapping(flags: readonly string[]): Mapping | null {
  const columns = flags.map((flag) => {
    const at = flag.indexOf('=');
    const [to, from] = [flag.slice(0, at).trim(), flag.slice(at + 1)];
    if (at < 1 || to === '' || from === '') {
      throw new TrainerError(
        'usage',
        'bad_map',
        `--map ${preview(flag)} is not new=old`,
        "Name the trainer's column, then the dataset's: --map messages=conversations",
      );
    }
    return { to, from };
  });
  const twice = columns.find(({ to }, index) => columns.findIndex((other) => other.to === to) !== index);
  if (twice) {
    throw new TrainerError(
      'usage',
      'duplicate_map',
      `--map gives "${preview(twice.to)}" twice`,
      "Give each of the trainer's columns once.",
    );
  }
  return columns.length > 0 ? { columns } : null;
}

/** Throws TrainerError `usage` where the mapping names a column that the dataset doesn't have. */
export function checkMapping(mapping: Mapping, columns: readonly Column[]): void {
  const missing = mapping.columns.find(({ from }) => !columns.some(({ name }) => name === from));
  if (!missing) return;
  throw new TrainerError(
    'usage',
    'unknown_column',
    `--map ${preview(`${missing.to}=${missing.from}`)}: the dataset has no column "${preview(missing.from)}"`,
    `Its columns: ${columns.map(({ name }) => preview(name, 40)).join(', ')}`,
  );
}

export function mappingOf(pairs: readonly (readonly [to: string, from: string])[]): Mapping {
  return { columns: pairs.map(([to, from]) => ({ to, from })) };
}
