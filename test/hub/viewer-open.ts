import { isGranted, readable } from './access.ts';
import { type Call, HubError } from './http.ts';
import type { Commit, Repo } from './repos.ts';
import { type Feature, featuresOf } from './viewer-features.ts';
import { type Layout, layoutOf, type Row, readRows } from './viewer-files.ts';

/** From a viewer request to the dataset, its splits and their rows, or the error that the real one answers. */

export interface Opened {
  repo: Repo;
  commit: Commit;
  layout: Layout;
}

export interface Split {
  features: Record<string, Feature>;
  rows: Row[];
  /** Of the files that hold it. */
  bytes: number;
}

export async function openDataset(call: Call): Promise<Opened> {
  const id = required(call, 'dataset');
  const repo = accessible(call, id);
  if (repo.viewer) throw new HubError(repo.viewer.status, repo.viewer.error, repo.viewer.code);
  const commit = repo.resolve('main');
  const layout = commit ? await layoutOf(call.world, commit) : new Map();
  if (!commit || layout.size === 0) throw new HubError(500, 'The dataset is empty.', 'EmptyDatasetError');
  return { repo, commit, layout };
}

/** The viewer says less than the Hub about what it may not show. */
function accessible(call: Call, id: string): Repo {
  try {
    const repo = readable(call, 'dataset', id);
    if (isGranted(call, repo)) return repo;
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
  }
  const spelling = 'Please check the spelling of the dataset name or';
  if (!call.identity) {
    const message = `The dataset does not exist, or is not accessible without authentication (private or gated). ${spelling} retry with authentication.`;
    throw new HubError(401, message, 'ExternalUnauthenticatedError');
  }
  const message = `The dataset does not exist, or is not accessible with the current credentials (private or gated). ${spelling} retry with other authentication credentials.`;
  throw new HubError(404, message, 'ExternalAuthenticatedError');
}

/** Splits that were read once; a commit never changes. */
const loaded = new WeakMap<Commit, Map<string, Promise<Split>>>();

export async function loadSplit(call: Call, { commit, layout }: Opened, config: string, split: string): Promise<Split> {
  const cache = loaded.get(commit) ?? new Map<string, Promise<Split>>();
  loaded.set(commit, cache);
  const key = `${config}\0${split}`;
  const paths = layout.get(config)?.get(split) ?? [];
  const read = async (): Promise<Split> => {
    const rows = await readRows(call.world, commit, paths).catch(() => {
      throw new HubError(500, 'An error occurred while generating the dataset', 'DatasetGenerationError');
    });
    const bytes = paths.reduce((total, path) => total + (commit.files.get(path)?.size ?? 0), 0);
    return { rows, features: featuresOf(rows), bytes };
  };
  const pending = cache.get(key) ?? read();
  cache.set(key, pending);
  return pending;
}

export function required(call: Call, name: string): string {
  const value = call.url.searchParams.get(name);
  if (!value) throw new HubError(422, `Parameter '${name}' is required`, 'MissingRequiredParameter');
  return value;
}
