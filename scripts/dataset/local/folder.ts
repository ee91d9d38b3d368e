import { join, posix } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { chooseConfig } from '../choose.ts';
import { inferredSplits } from '../layout/splits.ts';
import { layout } from '../layout.ts';
import type { Files } from './files.ts';
import { DATA_FILES, kindOf } from './readers.ts';

export interface FolderSplits {
  /** Null where the folder's card declares none. */
  config: string | null;
  /** Paths below the folder. */
  splits: ReadonlyMap<string, readonly string[]>;
}

/**
 * The data files of a folder by split, as `load_dataset` finds them: by the `configs` of its README.md, else by their
 * names. Throws TrainerError `usage` (nothing to read, no such config), `data` (several formats, a card that can't be
 * followed).
 */
export async function folderSplits(files: Files, folder: string, config: string | undefined): Promise<FolderSplits> {
  const paths = await files.list(folder);
  if (paths.some((path) => posix.basename(path) === 'state.json') && paths.some((path) => path.endsWith('.arrow'))) {
    throw new TrainerError(
      'usage',
      'saved_to_disk',
      `${preview(folder)} was written by save_to_disk, whose Arrow files can't be read here`,
      'Export it: load_from_disk(...).to_parquet("data.parquet"), then validate data.parquet',
    );
  }
  const readme = paths.includes('README.md') ? await textOf(files, join(folder, 'README.md')) : '';
  const card = readme === '' ? null : (await import('./card.ts')).cardOf(readme);
  const chosen = chosenSplits(folder, paths, card, config);
  if ([...chosen.splits.values()].flat().some((path) => kindOf(path))) return chosen;
  throw new TrainerError(
    'usage',
    'no_data_files',
    `${preview(folder)} holds no data file that can be read`,
    `Give a ${DATA_FILES} file, or a folder that holds some.`,
  );
}

function chosenSplits(
  folder: string,
  paths: readonly string[],
  card: unknown,
  asked: string | undefined,
): FolderSplits {
  try {
    const found = layout(paths, card);
    if (found.declared) {
      const config = chooseConfig(folder, found.configs, asked, found.default_config);
      return { config, splits: found.splits(config) };
    }
    refuseConfig(folder, asked);
    return { config: null, splits: found.splits('default') };
  } catch (error) {
    if (!(error instanceof TrainerError) || error.code !== 'no_data_files') throw error;
    if (!declaresConfigs(card)) return { config: null, splits: new Map() };
    const hint = 'Correct the `configs` at the top of its README.md, or give a data file.';
    throw new TrainerError('data', 'no_data_files', `${preview(folder)}: ${error.message}`, hint, { cause: error });
  }
}

/** Throws TrainerError `usage` where one is asked for although there are none. */
export function refuseConfig(path: string, asked: string | undefined): void {
  if (asked === undefined) return;
  throw new TrainerError('usage', 'unknown_config', `${preview(path)} has no configs`, 'Leave out --config.');
}

const declaresConfigs = (card: unknown): boolean => typeof card === 'object' && card !== null && 'configs' in card;

/** Of a README longer than this the rest is prose. */
const MOST_README = 4 << 20;

async function textOf(files: Files, path: string): Promise<string> {
  const file = await files.open(path);
  try {
    return new TextDecoder().decode(await file.slice(0, Math.min(file.byteLength, MOST_README)));
  } finally {
    await file.close();
  }
}

/** The split that a file's name says. */
export function splitNamedBy(name: string): string {
  return [...inferredSplits([name]).keys()][0] ?? 'train';
}
