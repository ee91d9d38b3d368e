import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { getJson, type Hub } from './client.ts';

const Found = z.array(z.object({ id: z.string(), downloads: z.number().default(0) }));

/** `owner/name`: neither part may be a step in a path. */
export const HUB_ID = /^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/;

/** A namesake with this many times the downloads of the next is what people mean. */
const CLEARLY = 5;

export interface Resolved {
  id: string;
  /** Said on the card where a name was completed; null where the full id was given. */
  note: string | null;
}

/**
 * The repository that a name means: an `owner/name` as it is, a bare name (`Qwen3-0.6B`) by the Hub's search
 * among repositories of exactly that name. Throws TrainerError `usage` where none or several match.
 */
export async function resolveName(hub: Hub, kind: 'model' | 'dataset', name: string): Promise<Resolved> {
  const id = name.trim();
  if (HUB_ID.test(id)) return { id, note: null };
  if (!/^[\w.-]+$/.test(id)) {
    throw new TrainerError(
      'usage',
      `bad_${kind}_name`,
      `"${preview(id)}" is neither a Hub id (owner/name) nor a local path that exists`,
      `Give an id such as ${kind === 'model' ? 'Qwen/Qwen3-0.6B' : 'open-r1/codeforces-cots'}, or a path.`,
    );
  }
  const query = new URLSearchParams({ search: id, sort: 'downloads', direction: '-1', limit: '50' });
  const found = await getJson(hub, `${hub.endpoint}/api/${kind}s?${query}`, `the search for ${kind}s`, Found);
  const namesakes = found
    .filter((repo) => repo.id.split('/').at(-1)?.toLowerCase() === id.toLowerCase())
    .sort((a, b) => b.downloads - a.downloads);
  const [best, next] = namesakes;
  if (!best) {
    const near = found.slice(0, 5).map((repo) => repo.id);
    throw new TrainerError(
      'usage',
      `${kind}_not_found`,
      `no ${kind} on ${hub.endpoint} is called "${id}"`,
      near.length > 0 ? `Similar: ${near.join(', ')}. Give the full id.` : 'Give the full id, owner/name.',
    );
  }
  if (next && best.downloads < CLEARLY * next.downloads) {
    const list = namesakes.slice(0, 8).map((repo) => repo.id);
    throw new TrainerError(
      'usage',
      `${kind}_ambiguous`,
      `several ${kind}s are called "${id}": ${list.join(', ')}`,
      `Ask which one is meant and give its full id.`,
    );
  }
  return { id: best.id, note: `"${id}" was taken for ${best.id}, found by its name` };
}
