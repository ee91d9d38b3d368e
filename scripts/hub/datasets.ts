import * as z from 'zod';
import { getJson, type Hub } from './client.ts';

const Info = z.object({
  id: z.string(),
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  private: z.boolean().default(false),
  // Whatever a card holds: only what is well-formed is read.
  cardData: z
    .object({
      configs: z.array(z.object({ config_name: z.string(), default: z.boolean().optional() })).catch([]),
    })
    .nullish()
    .catch(null),
});

export interface DatasetInfo {
  /** As the Hub spells it: a renamed repository answers under its new name. */
  id: string;
  /** Commit of the default branch, or of the revision asked for. */
  sha: string;
  private: boolean;
  /** The configuration that the card marks as the default one. */
  default_config: string | null;
}

/** Throws TrainerError `auth` (401, 403), `usage` (404) or `network`. */
export async function datasetInfo(hub: Hub, id: string, revision: string | null = null): Promise<DatasetInfo> {
  const path = id.split('/').map(encodeURIComponent).join('/');
  const at = revision === null ? '' : `/revision/${encodeURIComponent(revision)}`;
  const url = `${hub.endpoint}/api/datasets/${path}${at}`;
  const what = `dataset ${id}${revision === null ? '' : `@${revision}`}`;
  const { cardData, ...info } = await getJson(hub, url, what, Info);
  return { ...info, default_config: cardData?.configs.find((config) => config.default)?.config_name ?? null };
}
