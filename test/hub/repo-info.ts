import * as z from 'zod';
import { commitOf, downloadable, readable, repoType } from './access.ts';
import { cardOf, describe } from './describe.ts';
import { type Call, HubError, nextLink, readInput, sendJson } from './http.ts';
import { commitsPage, type Repo } from './repos.ts';
import { runtimeOf } from './spaces.ts';

/** What a repository is: GET /api/{models,datasets,spaces}/{id}[/revision/{revision}]. */
export async function repoInfo(call: Call): Promise<void> {
  const repo = readable(call);
  const commit = commitOf(call, repo);
  const full = await describe(call.world, repo, commit, { sizes: call.url.searchParams.get('blobs') !== null });
  if (repo.type === 'space') full.runtime = runtimeOf(repo);
  sendJson(call, selected(full, call), { 'x-repo-commit': commit.sha });
}

/** The fields asked for by `expand`, or all; id and _id are always there. */
function selected(info: Record<string, unknown>, call: Call): Record<string, unknown> {
  const asked = [...call.url.searchParams.getAll('expand'), ...call.url.searchParams.getAll('expand[]')];
  if (asked.length === 0) return info;
  const wanted = new Set(['_id', 'id', ...asked]);
  return Object.fromEntries(Object.entries(info).filter(([name]) => wanted.has(name)));
}

/** GET /api/models?search=&author=&filter=&sort=&limit= and the same for datasets and Spaces. */
export async function search(call: Call): Promise<void> {
  const query = call.url.searchParams;
  const words = (query.get('search') ?? '').toLowerCase().split(/\s+/);
  const author = query.get('author');
  const filters = query.getAll('filter').flatMap((value) => value.split(','));
  const limit = Math.min(Number(query.get('limit') ?? 1000) || 1000, 1000);
  const skip = Number(query.get('cursor') ?? 0) || 0;
  const found: Record<string, unknown>[] = [];
  for (const repo of call.world.repos.ofType(repoType(call.params.kind))) {
    if (!isVisible(call, repo)) continue;
    if (author !== null && repo.namespace !== author) continue;
    if (!words.every((word) => repo.id.toLowerCase().includes(word))) continue;
    const info = await describe(call.world, repo, commitOf(call, repo, 'main'), { sizes: false });
    if (filters.every((tag) => Array.isArray(info.tags) && info.tags.includes(tag))) found.push(info);
  }
  const sort = query.get('sort') ?? 'downloads';
  found.sort((a, b) => (sortKey(b[sort]) > sortKey(a[sort]) ? 1 : sortKey(b[sort]) < sortKey(a[sort]) ? -1 : 0));
  const page = found.slice(skip, skip + limit).map((info) => selected(info, call));
  sendJson(call, page, skip + limit < found.length ? nextLink(call, 'cursor', skip + limit) : {});
}

/** GET .../refs */
export function refs(call: Call): void {
  const repo = readable(call);
  const list = (names: Map<string, string>, folder: string): unknown[] =>
    [...names].map(([name, targetCommit]) => ({ name, ref: `refs/${folder}/${name}`, targetCommit }));
  sendJson(call, {
    branches: list(repo.branches, 'heads'),
    tags: list(repo.tags, 'tags'),
    converts: [],
    pullRequests: [],
  });
}

/** GET .../commits/{revision}?limit=&p= */
export function commits(call: Call): void {
  const repo = readable(call);
  const limit = Number(call.url.searchParams.get('limit') ?? 50) || 50;
  const page = Number(call.url.searchParams.get('p') ?? 0) || 0;
  const { items, total } = commitsPage(repo, commitOf(call, repo), page, limit);
  const list = items.map(({ sha, title, message, author, date }) => ({
    id: sha,
    title,
    message,
    date,
    authors: [{ user: author, avatar: `/avatars/${author}.svg` }],
  }));
  const more = (page + 1) * limit < total ? nextLink(call, 'p', page + 1) : {};
  sendJson(call, list, { ...more, 'x-total-count': String(total) });
}

/** GET .../auth-check: whether the files may be read. */
export function authCheck(call: Call): void {
  downloadable(call);
  sendJson(call, {});
}

/** POST /api/validate-yaml: the metadata of a README before it is uploaded. */
export async function validateYaml(call: Call): Promise<void> {
  const { content } = await readInput(call, z.object({ content: z.string() }));
  if (cardOf(content) === null) {
    const body = { errors: [{ message: 'the metadata is not valid YAML' }], warnings: [] };
    throw new HubError(400, 'Invalid metadata in README.md.', undefined, body);
  }
  sendJson(call, { errors: [], warnings: [] });
}

function isVisible(call: Call, repo: Repo): boolean {
  try {
    readable(call, repo.type, repo.id);
    return true;
  } catch {
    return false;
  }
}

const sortKey = (value: unknown): number | string =>
  typeof value === 'number' || typeof value === 'string' ? value : 0;
