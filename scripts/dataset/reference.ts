import { isAbsolute, join, resolve } from 'node:path';
import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import type { Files } from './local/files.ts';
import { kindOf } from './local/readers.ts';

export type Reference =
  | { kind: 'local'; path: string }
  | { kind: 'hub'; name: string; revision: string | null; config: string | null; split: string | null };

/**
 * What a person means: a path where it looks like one or exists, else a dataset of the Hub, by id, bare name,
 * `hf://datasets/...` or the address of its page. Throws TrainerError `usage`.
 */
export async function parseReference(
  reference: string,
  where: { files: Files; cwd: string; userHome: string; endpoint: string },
): Promise<Reference> {
  const text = reference.trim();
  if (text === '') {
    throw new TrainerError('usage', 'no_dataset', 'no dataset was given', 'Give a Hub id (owner/name) or a path.');
  }
  const address = hubAddress(text, where.endpoint);
  if (address) return address;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    throw new TrainerError(
      'usage',
      'bad_reference',
      `"${preview(text)}" is not an address of a dataset on ${where.endpoint}`,
      'Give owner/name, hf://datasets/owner/name, or a path; download other data first.',
    );
  }
  const path = /^~(?=$|[\\/])/.test(text) ? join(where.userHome, text.slice(1)) : resolve(where.cwd, text);
  if (/^(?:\.{1,2}(?:$|[\\/])|~(?:$|[\\/])|[\\/])/.test(text) || isAbsolute(text)) return { kind: 'local', path };
  if ((await where.files.kind(path)) !== null || kindOf(text)) return { kind: 'local', path };
  return { kind: 'hub', name: text, revision: null, config: null, split: null };
}

/** `hf://datasets/owner/name[@revision]` or `https://<hub>/datasets/owner/name[/viewer/config/split|/tree/revision]`. */
function hubAddress(text: string, endpoint: string): Reference | null {
  const scheme = /^hf:\/\/datasets\/(.+)$/.exec(text)?.[1];
  const page = [endpoint, 'https://huggingface.co', 'https://hf.co', 'http://hf.co']
    .map((origin) => `${origin}/datasets/`)
    .find((prefix) => text.startsWith(prefix));
  const rest = scheme ?? (page === undefined ? undefined : text.slice(page.length));
  if (rest === undefined) return null;
  const parts = (rest.split(/[?#]/)[0] ?? '')
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [owner = '', name = '', verb, first, second] = parts;
  const [id, revision] = name.split('@');
  return {
    kind: 'hub',
    name: id ? `${owner}/${id}` : owner,
    revision: revision ?? (verb === 'tree' ? (first ?? null) : null),
    config: verb === 'viewer' ? (first ?? null) : null,
    split: verb === 'viewer' ? (second ?? null) : null,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
