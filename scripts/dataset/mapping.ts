import { errorMessage, TrainerError } from '../errors.ts';
import type { Mapping } from '../plan/mapping.ts';
import { sourceColumns } from '../plan/value.ts';
import { parseValue } from '../plan/value-parse.ts';
import { OPS } from '../plan/value-text.ts';
import { preview } from '../printable.ts';
import { evaluate } from './mapping/evaluate.ts';
import type { Column } from './report.ts';
import { type Row, UNSEEN } from './rows.ts';

/** The row that the trainer sees: the mapped columns and no others. What comes of a cell that was cut is unseen, too. */
export function applyMapping(row: Row, mapping: Mapping): Row {
  return Object.fromEntries(
    mapping.columns.map(({ to, from }) => {
      const cut = sourceColumns(from).some((name) => row[name] === UNSEEN);
      return [to, cut ? UNSEEN : evaluate(from, row)];
    }),
  );
}

/**
 * `--map new=old`, repeated, where old is a column or an expression (plan/value-text.ts). A column's name may
 * contain `=`; a trainer's doesn't, so the first one counts.
 * Throws TrainerError `usage`. Null for no flags.
 */
export function parseMapping(flags: readonly string[]): Mapping | null {
  const columns = flags.map((flag) => {
    const at = flag.indexOf('=');
    const [to, from] = [flag.slice(0, at).trim(), flag.slice(at + 1)];
    if (at < 1 || to === '' || from === '') {
      throw badMap(`--map ${preview(flag)} is not new=old`);
    }
    try {
      return { to, from: parseValue(from) };
    } catch (error) {
      throw badMap(`--map ${preview(to)}=...: ${errorMessage(error)} in ${preview(from, 200)}`);
    }
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
  const names = new Set(columns.map(({ name }) => name));
  const sources = mapping.columns.flatMap(({ to, from }) => sourceColumns(from).map((name) => ({ to, name })));
  const missing = sources.find(({ name }) => !names.has(name));
  if (!missing) return;
  const [, call] = /^\s*([\p{L}_]\w*)\(/u.exec(missing.name) ?? [];
  const made = call ? ` There is no function ${preview(call, 40)}; there are ${OPS.join(', ')}.` : '';
  throw new TrainerError(
    'usage',
    'unknown_column',
    `--map ${preview(missing.to)}=...: the dataset has no column "${preview(missing.name)}"`,
    `Its columns: ${columns.map(({ name }) => preview(name, 40)).join(', ')}.${made}`,
  );
}

function badMap(message: string): TrainerError {
  return new TrainerError(
    'usage',
    'bad_map',
    message,
    "Name the trainer's column, then the dataset's: --map messages=conversations, or what is made of its columns: --map 'prompt=join(instruction, input)'",
  );
}
