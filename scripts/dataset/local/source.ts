import { basename, resolve } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { chooseSplit } from '../choose.ts';
import type { FilePart, FileSplit } from '../rows.ts';
import type { Files } from './files.ts';
import { fingerprintFiles } from './fingerprint.ts';
import { type FolderSplits, folderSplits, refuseConfig, splitNamedBy } from './folder.ts';
import { DATA_FILES, kindOf } from './readers.ts';

/** A local file or folder. Throws TrainerError `usage` (no such file, not readable, not data), as `folderSplits`. */
export async function localSplit(
  files: Files,
  path: string,
  asked: { config: string | undefined; split: string | undefined },
): Promise<FileSplit> {
  const { config, splits } = await splitsAt(files, path, asked.config);
  const split = chooseSplit(path, [...splits.keys()], asked.split);
  const paths = (splits.get(split) ?? []).map((name) => resolve(path, name));
  const parts: FilePart[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const file of opened) await file.close();
  };
  try {
    for (const each of paths) {
      const file = await files.open(each);
      opened.push(file);
      parts.push({ file, path: each });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    facts: {
      dataset: path,
      source: 'local',
      revision: null,
      files: paths,
      config,
      split,
      splits: [...splits.keys()].map((name) => ({ name, rows: null })),
      notes: [],
    },
    parts,
    fingerprint: (signal) => fingerprintFiles(paths, files, signal),
    close,
  };
}

async function splitsAt(files: Files, path: string, config: string | undefined): Promise<FolderSplits> {
  const kind = await files.kind(path);
  if (kind === 'folder') return folderSplits(files, path, config);
  if (kind === null) {
    throw new TrainerError(
      'usage',
      'file_not_found',
      `there is no file or folder ${preview(path, 200)}`,
      'Check the path; a dataset of the Hub is given as owner/name.',
    );
  }
  refuseConfig(path, config);
  if (kindOf(path)) return { config: null, splits: new Map([[splitNamedBy(basename(path)), [path]]]) };
  throw new TrainerError(
    'usage',
    'not_a_dataset_file',
    `${preview(path, 200)} is not a data file that can be read`,
    `Give a ${DATA_FILES} file, or a folder of them.`,
  );
}
