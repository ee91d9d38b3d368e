import { TrainerError } from '../../errors.ts';
import type { Hub } from '../../hub/client.ts';
import { type DatasetFiles, datasetFile, datasetFiles } from '../../hub/datasets.ts';
import { preview } from '../../printable.ts';
import { chooseConfig, chooseSplit } from '../choose.ts';
import { type Layout, layout } from '../layout.ts';
import { kindOf } from '../local/readers.ts';
import type { FilePart, FileSplit } from '../rows.ts';
import { declaredRows } from './card.ts';

/** Which split of which dataset, and how patient to be. */
export interface HubRequest {
  id: string;
  revision: string | null;
  config: string | undefined;
  split: string | undefined;
  /** Every row instead of a sample. */
  full: boolean;
  viewer: { signal?: AbortSignal | undefined; patience?: number | undefined };
}

/** Formats whose files are read here; the dataset viewer shows more. */
const READ_HERE = ['json', 'csv', 'tsv', 'parquet'];

export interface HubSplit extends FileSplit {
  format: string;
  card: unknown;
}

/**
 * A split by its repository's own files, as `load_dataset` chooses them. Throws TrainerError `auth`, `usage`,
 * `network`, `data` (no data files, a card that can't be followed, a format that isn't read here).
 */
export async function hubSplit(hub: Hub, request: HubRequest, revision = request.revision): Promise<HubSplit> {
  const info = await datasetFiles(hub, request.id, revision);
  const found = layout(info.paths, info.card);
  const { config, splits, split } = chosen(info, found, request);
  const { signal } = request.viewer;
  const part = (path: string): FilePart => ({
    file: datasetFile(hub, { id: info.id, sha: info.sha, path, size: info.sizes.get(path) ?? 0 }, { signal }),
    path: null,
  });
  const rows = declaredRows(info.card, config);
  return {
    facts: {
      dataset: info.id,
      source: 'hub',
      revision: info.sha,
      files: [],
      config,
      split,
      splits: [...splits.keys()].map((name) => ({ name, rows: rows.get(name) ?? null })),
      notes: [],
    },
    parts: (splits.get(split) ?? []).map(part),
    fingerprint: null,
    close: async () => {},
    format: found.format,
    card: info.card,
  };
}

function chosen(info: DatasetFiles, found: Layout, { config: wanted, split: asked }: HubRequest) {
  const config = chooseConfig(info.id, found.configs, wanted, found.default_config);
  const splits = found.splits(config);
  const split = chooseSplit(info.id, [...splits.keys()], asked);
  if (READ_HERE.includes(found.format)) return { config, splits, split };
  throw new TrainerError(
    'data',
    'format_not_read',
    `the files of ${preview(info.id)} are of a kind that isn't read here: ${preview(found.format)}`,
    'Choose data in jsonl, json, csv or parquet, or try again when the dataset viewer shows it.',
  );
}

/** Formats in which every row is the same by our reader as by `load_dataset`; CSV gets its types from all rows. */
const EVERY_ROW = ['json', 'parquet'];

/** The files for reading every row; null where they can't be read so, and the viewer has to do. Throws as `hubSplit`. */
export async function wholeSplit(hub: Hub, request: HubRequest, sha: string): Promise<HubSplit | null> {
  const split = await hubSplit(hub, request, sha).catch((error: unknown) => {
    if (error instanceof TrainerError && ['no_data_files', 'format_not_read'].includes(error.code)) return null;
    throw error;
  });
  return split && EVERY_ROW.includes(split.format) && split.parts.every(({ file }) => kindOf(file.name)) ? split : null;
}
