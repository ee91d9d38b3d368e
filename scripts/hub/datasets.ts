import * as z from 'zod';
import { getJson, type Hub } from './client.ts';
import { type RemoteFile, type RemoteOptions, remoteFile } from './remote-file.ts';
import { urlPath } from './url-path.ts';

const Info = z.object({
  id: z.string(),
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  private: z.boolean().default(false),
  // Whatever a card holds: only what is well-formed is read.
  cardData: z.unknown().optional(),
  siblings: z.array(z.object({ rfilename: z.string(), size: z.number().int().nonnegative().nullish() })).catch([]),
});
const Marked = z.object({
  configs: z.array(z.object({ config_name: z.string(), default: z.boolean().optional() })),
});

export interface DatasetInfo {
  /** As the Hub spells it: a renamed repository answers under its new name. */
  id: string;
  /** Commit of the default branch, or of the revision asked for. */
  sha: string;
  private: boolean;
  /** The configuration that the card marks as the default one. */
  default_config: string | null;
  /** The metadata of its README, as the Hub read it. */
  card: unknown;
  /** Of all files. */
  paths: string[];
}

export interface DatasetFiles extends DatasetInfo {
  /** Bytes by path. */
  sizes: ReadonlyMap<string, number>;
}

/** Throws TrainerError `auth` (401, 403), `usage` (404) or `network`. */
export async function datasetInfo(hub: Hub, id: string, revision: string | null = null): Promise<DatasetInfo> {
  const { siblings, ...info } = await ask(hub, id, revision, '');
  return { ...info, paths: siblings.map(({ rfilename }) => rfilename) };
}

/** The same with every file and its size. Throws as `datasetInfo`. */
export async function datasetFiles(hub: Hub, id: string, revision: string | null): Promise<DatasetFiles> {
  const { siblings, ...info } = await ask(hub, id, revision, '?blobs=true');
  const sizes = new Map(siblings.map(({ rfilename, size }) => [rfilename, size ?? 0]));
  return { ...info, paths: [...sizes.keys()], sizes };
}

/** One file of a dataset at a commit. */
export function datasetFile(
  hub: Hub,
  at: { id: string; sha: string; path: string; size: number },
  options?: RemoteOptions,
): RemoteFile {
  const url = `${hub.endpoint}/datasets/${urlPath(at.id)}/resolve/${at.sha}/${urlPath(at.path)}`;
  return remoteFile(hub, { name: at.path, url, byteLength: at.size }, options);
}

async function ask(hub: Hub, id: string, revision: string | null, query: string) {
  const at = revision === null ? '' : `/revision/${encodeURIComponent(revision)}`;
  const url = `${hub.endpoint}/api/datasets/${urlPath(id)}${at}${query}`;
  const what = `dataset ${id}${revision === null ? '' : `@${revision}`}`;
  const { cardData, ...info } = await getJson(hub, url, what, Info);
  const configs = Marked.safeParse(cardData).data?.configs ?? [];
  return {
    ...info,
    card: cardData,
    default_config: configs.find((config) => config.default)?.config_name ?? null,
  };
}
