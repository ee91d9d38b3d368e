import { TrainerError } from '../../errors.ts';
import type { Hub } from '../../hub/client.ts';
import { type DatasetFiles, datasetFile, datasetFiles } from '../../hub/datasets.ts';
import { preview } from '../../printable.ts';
import { chooseConfig, chooseSplit } from '../choose.ts';
import { type Layout, layout } from '../layout.ts';
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
  const split = await anySplit(hub, request, revision);
  if (READ_HERE.includes(split.format)) return split;
  throw new TrainerError(
    'data',
    'format_not_read',
    `the files of ${preview(split.facts.dataset)} are of a kind that isn't read here: ${preview(split.format)}`,
    'Choose data in jsonl, json, csv or parquet, or try again when the dataset viewer shows it.',
  );
}

/** The same, whatever its format. */
export async function anySplit(hub: Hub, request: HubRequest, revision: string | null): Promise<HubSplit> {
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
  return { config, splits, split: chooseSplit(info.id, [...splits.keys()], asked) };
}
