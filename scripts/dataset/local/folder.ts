import { posix } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { inferredSplits } from '../layout/splits.ts';
import { layout } from '../layout.ts';

/**
 * The data files of a folder by split, as `load_dataset` finds them without a card; `isRead`: those that can be read
 * here. Throws TrainerError `usage` (nothing to read), `data` (several formats).
 */
export function folderSplits(
  folder: string,
  paths: readonly string[],
  isRead: (path: string) => boolean,
): Map<string, string[]> {
  if (paths.some((path) => posix.basename(path) === 'state.json') && paths.some((path) => path.endsWith('.arrow'))) {
    throw new TrainerError(
      'usage',
      'saved_to_disk',
      `${preview(folder)} was written by save_to_disk, whose Arrow files can't be read here`,
      'Export it: load_from_disk(...).to_parquet("data.parquet"), then validate data.parquet',
    );
  }
  const splits = splitsOf(paths);
  if ([...splits.values()].flat().some(isRead)) return splits;
  throw new TrainerError(
    'usage',
    'no_data_files',
    `${preview(folder)} holds no .jsonl, .json, .csv or .parquet file`,
    'Give a data file, or a folder that holds some.',
  );
}

function splitsOf(paths: readonly string[]): Map<string, string[]> {
  try {
    return layout(paths, null).splits('default');
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'no_data_files') return new Map();
    throw error;
  }
}

/** The split that a file's name says. */
export function splitNamedBy(name: string): string {
  return [...inferredSplits([name]).keys()][0] ?? 'train';
}
