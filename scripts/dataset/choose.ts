import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';

/**
 * As `load_dataset` chooses: the only configuration, the one that the card marks as `default: true`, or the one
 * of that name. Throws TrainerError `usage`.
 */
export function chooseConfig(
  dataset: string,
  configs: readonly string[],
  asked: string | undefined,
  marked: string | null,
): string {
  return choose(dataset, 'config', configs, asked, marked !== null && configs.includes(marked) ? marked : 'default');
}

/** The split asked for, else `train`, else the only one. Throws TrainerError `usage`. */
export function chooseSplit(dataset: string, splits: readonly string[], asked: string | undefined): string {
  return choose(dataset, 'split', splits, asked, 'train');
}

function choose(
  dataset: string,
  what: 'config' | 'split',
  names: readonly string[],
  asked: string | undefined,
  usual: string,
): string {
  const list = names.map((name) => preview(name, 40)).join(', ');
  if (asked !== undefined) {
    if (names.includes(asked)) return asked;
    throw new TrainerError(
      'usage',
      `unknown_${what}`,
      `${preview(dataset)} has no ${what} "${preview(asked)}"`,
      `Choose one with --${what}: ${list}`,
    );
  }
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (names.includes(usual)) return usual;
  throw new TrainerError(
    'usage',
    `ambiguous_${what}`,
    `${preview(dataset)} has several ${what}s and none is called "${usual}"`,
    `Ask which one is meant and choose it with --${what}: ${list}`,
  );
}
