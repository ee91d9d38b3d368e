import { posix } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';

/** Words by which `datasets` tells splits in the names of files and folders, in its order. */
const SPLITS: readonly (readonly [split: string, words: string])[] = [
  ['train', 'train|training'],
  ['validation', 'validation|valid|dev|val'],
  ['test', 'test|testing|eval|evaluation'],
];
const SHARD = /^(?:.*\/)?([\w.]+)-\d{5}-of-\d{5}[^/]*$/;

/** Splits of a folder's data files, as `datasets` infers them: from shard names, folders, file names, else all train. */
export function splitsOf(files: readonly string[]): Map<string, string[]> {
  if (files.length > 0 && files.every((path) => SHARD.test(path))) {
    return grouped(files, (path) => SHARD.exec(path)?.[1]);
  }
  const found = grouped(files, splitNamedBy);
  return found.size > 0 ? found : new Map([['train', [...files]]]);
}

/** The split that a path is named for. */
export function splitNamedBy(path: string): string | undefined {
  return SPLITS.find(([, words]) => namedFor(words, path))?.[0];
}

/** The word stands alone in the path: `data/train.jsonl`, `my-train-set.jsonl`, `dev/a.jsonl`, not `contest.jsonl`. */
function namedFor(words: string, path: string): boolean {
  return new RegExp(`(?:^|[-._ 0-9/])(?:${words})(?=[-._ 0-9/]|$)`, 'i').test(path);
}

function grouped(files: readonly string[], splitOf: (path: string) => string | undefined): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  for (const path of files) {
    const split = splitOf(path);
    if (split !== undefined) splits.set(split, [...(splits.get(split) ?? []), path]);
  }
  return splits;
}

/** Files that describe a folder's data rather than hold it. */
const DESCRIPTIONS = new Set([
  'dataset_info.json',
  'dataset_infos.json',
  'state.json',
  'dataset_dict.json',
  'README.json',
]);

/** The data files of a folder, all of the kind that is the most frequent. Throws TrainerError `usage`. */
export function dataFiles(folder: string, paths: readonly string[], kindOf: (path: string) => string | null): string[] {
  if (paths.some((path) => posix.basename(path) === 'state.json') && paths.some((path) => path.endsWith('.arrow'))) {
    throw new TrainerError(
      'usage',
      'saved_to_disk',
      `${preview(folder)} was written by save_to_disk, whose Arrow files can't be read here`,
      'Export it: load_from_disk(...).to_parquet("data.parquet"), then validate data.parquet',
    );
  }
  const byKind = new Map<string, string[]>();
  for (const path of paths) {
    const kind = DESCRIPTIONS.has(posix.basename(path)) ? null : kindOf(path);
    if (kind !== null) byKind.set(kind, [...(byKind.get(kind) ?? []), path]);
  }
  const most = [...byKind.values()].sort((a, b) => b.length - a.length)[0];
  if (most) return most;
  throw new TrainerError(
    'usage',
    'no_data_files',
    `${preview(folder)} holds no .jsonl, .json, .csv or .parquet file`,
    'Give a data file, or a folder that holds some.',
  );
}
