import { createHash } from 'node:crypto';
import * as z from 'zod';
import { commitOf, readable } from './access.ts';
import { type Call, HubError, nextLink, readInput, sendJson } from './http.ts';
import type { Commit, FileEntry, Repo } from './repos.ts';

/** Listing files: GET .../tree/{revision}[/{path}] and POST .../paths-info/{revision}. */

type Entry = Record<string, unknown> & { path: string };

/** Entries on a page, as the Hub has them. */
const PAGE = 1000;
const EXPANDED_PAGE = 50;

export function tree(call: Call): void {
  const repo = readable(call);
  const commit = commitOf(call, repo);
  const query = call.url.searchParams;
  const expand = isTrue(query.get('expand'));
  const { path = '' } = call.params;
  const all = list(commit, path, isTrue(query.get('recursive')));
  if (all.length === 0 && path !== '')
    throw new HubError(404, `${path} does not exist on "${commit.sha}"`, 'EntryNotFound');
  const size = Math.min(Number(query.get('limit') ?? PAGE) || PAGE, expand ? EXPANDED_PAGE : PAGE);
  const skip = Number(query.get('cursor') ?? 0) || 0;
  const page = all.slice(skip, skip + size).map((entry) => (expand ? expanded(entry, repo, commit) : entry));
  sendJson(call, page, skip + size < all.length ? nextLink(call, 'cursor', skip + size) : {});
}

export async function pathsInfo(call: Call): Promise<void> {
  const Paths = z.union([z.array(z.string()), z.string().transform((path) => [path])]);
  const Flag = z.union([z.boolean(), z.string(), z.array(z.string())]).optional();
  const input = await readInput(call, z.object({ paths: Paths, expand: Flag }));
  const repo = readable(call);
  const commit = commitOf(call, repo);
  const expand = isTrue(String(input.expand ?? false));
  const found: Entry[] = [];
  for (const path of input.paths.map((name) => name.replace(/\/$/, ''))) {
    const file = commit.files.get(path);
    if (file) found.push(fileEntry(path, file));
    else if (path !== '' && list(commit, path, false).length > 0) found.push(folderEntry(commit, path));
  }
  sendJson(
    call,
    found.map((entry) => (expand ? expanded(entry, repo, commit) : entry)),
  );
}

/** What lies in a folder (`''` is the root), folders before what they hold. */
function list(commit: Commit, folder: string, recursive: boolean): Entry[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const entries = new Map<string, Entry>();
  for (const [path, file] of [...commit.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(prefix)) continue;
    const parts = path.slice(prefix.length).split('/');
    const depth = recursive ? parts.length - 1 : Math.min(1, parts.length - 1);
    for (let level = 1; level <= depth; level++) {
      const name = prefix + parts.slice(0, level).join('/');
      if (!entries.has(name)) entries.set(name, folderEntry(commit, name));
    }
    if (recursive || parts.length === 1) entries.set(path, fileEntry(path, file));
  }
  return [...entries.values()];
}

function fileEntry(path: string, file: FileEntry): Entry {
  const lfs = { oid: file.sha256, size: file.size, pointerSize: file.pointerSize };
  return { type: 'file', oid: file.oid, size: file.size, path, ...(file.pointerSize !== null && { lfs }) };
}

function folderEntry(commit: Commit, path: string): Entry {
  const inside = [...commit.files]
    .filter(([name]) => name.startsWith(`${path}/`))
    .map(([name, { oid }]) => [name, oid]);
  const oid = createHash('sha1').update(JSON.stringify(inside.sort())).digest('hex');
  return { type: 'directory', oid, size: 0, path };
}

function expanded(entry: Entry, repo: Repo, commit: Commit): Entry {
  const { sha, title, date } = repo.lastTouched(entry.path, commit);
  return { ...entry, lastCommit: { id: sha, title, date } };
}

/** Python writes `True` in forms and `true` in queries. */
const isTrue = (value: string | null): boolean => /^(true|1)$/i.test(value ?? '');
