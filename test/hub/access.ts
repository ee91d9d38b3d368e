import { allows } from './accounts.ts';
import { type Call, HubError } from './http.ts';
import type { Commit, Repo, RepoType } from './repos.ts';

/** Who may see and change what, with the Hub's answers to those who may not. */

/** The repository in the route's `kind` (`models`, ... or a prefix of a file's URL) and `id`. */
export function readable(call: Call, type = repoType(call.params.kind), id = call.params.id ?? ''): Repo {
  const repo = call.world.repos.get(type, id);
  const { identity } = call;
  if (repo && (!repo.private || (identity && allows(identity, repo.namespace, 'repo.content.read')))) return repo;
  // What is private looks like what doesn't exist, so that nobody learns its name.
  if (!identity) throw new HubError(401, 'Invalid username or password.', 'RepoNotFound');
  throw new HubError(404, 'Repository not found', 'RepoNotFound');
}

/** Whether the files of a gated repository are open to this request. */
export function isGranted(call: Call, repo: Repo): boolean {
  if (!repo.gated) return true;
  const { identity } = call;
  if (!identity) return false;
  return repo.granted.has(identity.user.name) || allows(identity, repo.namespace, 'repo.content.read');
}

/** A repository whose files may be read. Throws GatedRepo where the person has to ask first. */
export function downloadable(call: Call): Repo {
  const repo = readable(call);
  if (isGranted(call, repo)) return repo;
  const what = `Access to ${repo.type} ${repo.id} is restricted`;
  if (!call.identity) {
    throw new HubError(
      401,
      `${what}. You must have access to it and be authenticated to access it. Please log in.`,
      'GatedRepo',
    );
  }
  throw new HubError(
    403,
    `${what} and you are not in the authorized list. Visit ${repoUrl(call, repo)} to ask for access.`,
    'GatedRepo',
  );
}

export function writable(call: Call): Repo {
  const repo = readable(call);
  requireRight(call, repo.namespace, 'repo.write', `write to the ${repo.type} ${repo.id}`);
  return repo;
}

/** Throws 401 without a token, 403 without the right. `doing` completes "You don't have the rights to ...". */
export function requireRight(call: Call, namespace: string, right: string, doing: string): void {
  const { identity } = call;
  if (!identity) throw new HubError(401, 'Invalid username or password.');
  if (allows(identity, namespace, right)) return;
  const hint = identity.role === 'read' ? ': you must use a write token' : '';
  throw new HubError(403, `You don't have the rights to ${doing}${hint}`);
}

/** The commit of the route's `revision`. */
export function commitOf(call: Call, repo: Repo, revision = call.params.revision ?? 'main'): Commit {
  const commit = repo.resolve(revision);
  if (commit) return commit;
  throw new HubError(404, `Invalid rev id: ${revision}`, 'RevisionNotFound');
}

export function repoType(kind: string | undefined): RepoType {
  if (kind === 'datasets' || kind === 'dataset') return 'dataset';
  if (kind === 'spaces' || kind === 'space') return 'space';
  if (kind === 'buckets' || kind === 'bucket') return 'bucket';
  return 'model';
}

/** Its page, which is also what clients take its id from. */
export function repoUrl(call: Call, repo: Pick<Repo, 'type' | 'id'>): string {
  return `${call.world.url}/${repo.type === 'model' ? '' : `${repo.type}s/`}${repo.id}`;
}
