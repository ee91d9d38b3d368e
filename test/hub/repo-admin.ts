import * as z from 'zod';
import { commitOf, repoType, repoUrl, requireRight, writable } from './access.ts';
import { type Call, HubError, readInput, sendJson } from './http.ts';
import { GITATTRIBUTES } from './lfs-rules.ts';
import { Repo } from './repos.ts';
import type { World } from './world.ts';

/** Creating, deleting, renaming and configuring repositories, their branches and tags. */

const Name = z.string().regex(/^[\w.-]{1,96}$/, 'not a valid repository name');
const Visibility = z.object({ visibility: z.enum(['public', 'private']).optional(), private: z.boolean().optional() });
const Type = z.enum(['model', 'dataset', 'space']).nullish();
const Create = Visibility.extend({
  name: Name,
  organization: z.string().nullish(),
  type: Type,
  sdk: z.string().optional(),
  files: z.array(z.object({ path: z.string(), content: z.string(), encoding: z.literal('base64') })).optional(),
});

export async function createRepo(call: Call): Promise<void> {
  const input = await readInput(call, Create);
  const type = input.type ?? 'model';
  const namespace = input.organization ?? call.identity?.user.name ?? '';
  requireRight(call, namespace, 'repo.write', `create a ${type} under the namespace "${namespace}"`);
  const id = `${namespace}/${input.name}`;
  const url = repoUrl(call, { type, id });
  if (call.world.repos.get(type, id)) {
    throw new HubError(409, `You already created this ${type} repo: ${id}`, undefined, { url, id });
  }
  if (type === 'space' && !input.sdk) throw new HubError(400, '"sdk": a Space needs one');
  const options = { private: isPrivate(input) ?? false, ...(input.sdk && { sdk: input.sdk }) };
  const repo = new Repo(type, id, { ...options, createdAt: call.world.now().toISOString() });
  await firstCommit(call.world, repo, namespace, call.world.now().toISOString());
  for (const file of input.files ?? []) {
    const blob = await call.world.blobs.put(Buffer.from(file.content, 'base64'));
    const entry = { oid: blob.gitOid, sha256: blob.sha256, size: blob.size, pointerSize: null };
    const change = { title: `Add ${file.path}`, author: namespace, date: repo.createdAt };
    repo.commit('main', { ...change, add: new Map([[file.path, entry]]), remove: [] });
  }
  call.world.repos.add(repo);
  sendJson(call, { url, name: id, id: repo.objectId, private: repo.private });
}

/** The commit that every repository starts with: its LFS rules. */
export async function firstCommit(world: World, repo: Repo, author: string, date: string): Promise<void> {
  const blob = await world.blobs.put(Buffer.from(GITATTRIBUTES));
  const entry = { oid: blob.gitOid, sha256: blob.sha256, size: blob.size, pointerSize: null };
  repo.commit('main', { title: 'initial commit', author, date, add: new Map([['.gitattributes', entry]]), remove: [] });
}

export async function deleteRepo(call: Call): Promise<void> {
  const input = await readInput(call, z.object({ name: Name, organization: z.string().nullish(), type: Type }));
  const id = `${input.organization ?? call.identity?.user.name ?? ''}/${input.name}`;
  const repo = writable({ ...call, params: { kind: input.type ?? 'model', id } });
  call.world.repos.remove(repo);
  sendJson(call, {});
}

export async function moveRepo(call: Call): Promise<void> {
  const input = await readInput(call, z.object({ fromRepo: z.string(), toRepo: z.string(), type: Type }));
  const type = repoType(input.type ?? 'model');
  const repo = writable({ ...call, params: { kind: type, id: input.fromRepo } });
  const [namespace = '', name = ''] = input.toRepo.split('/');
  if (!Name.safeParse(name).success) throw new HubError(400, `"toRepo": ${input.toRepo} is not a repository's name`);
  requireRight(call, namespace, 'repo.write', `create a ${type} under the namespace "${namespace}"`);
  if (call.world.repos.get(type, input.toRepo)) throw new HubError(409, `${input.toRepo} exists already`);
  call.world.repos.remove(repo);
  call.world.repos.add(repo.renamed(input.toRepo));
  sendJson(call, {});
}

export async function changeSettings(call: Call): Promise<void> {
  const Gated = z.union([z.literal(false), z.enum(['auto', 'manual'])]).optional();
  const input = await readInput(call, Visibility.extend({ gated: Gated }));
  const repo = writable(call);
  repo.private = isPrivate(input) ?? repo.private;
  repo.gated = input.gated ?? repo.gated;
  sendJson(call, { private: repo.private, gated: repo.gated });
}

export async function createBranch(call: Call): Promise<void> {
  const input = await readInput(
    call,
    z.object({ startingPoint: z.string().optional(), overwrite: z.boolean().nullish() }),
  );
  const repo = writable(call);
  const { branch = '' } = call.params;
  if (repo.branches.has(branch) && !input.overwrite) throw new HubError(409, `Reference already exists: ${branch}`);
  repo.branches.set(branch, commitOf(call, repo, input.startingPoint ?? 'main').sha);
  sendJson(call, {});
}

export function deleteBranch(call: Call): void {
  const repo = writable(call);
  const { branch = '' } = call.params;
  if (branch === 'main') throw new HubError(403, 'the main branch stays');
  if (!repo.branches.delete(branch)) throw new HubError(404, `Invalid rev id: ${branch}`, 'RevisionNotFound');
  sendJson(call, {});
}

export async function createTag(call: Call): Promise<void> {
  const input = await readInput(call, z.object({ tag: z.string().min(1), message: z.string().nullish() }));
  const repo = writable(call);
  if (repo.tags.has(input.tag)) throw new HubError(409, `Tag ${input.tag} exists already`);
  repo.tags.set(input.tag, commitOf(call, repo).sha);
  sendJson(call, {});
}

/** One commit with the branch's files instead of its history, which can't be brought back. */
export async function squash(call: Call): Promise<void> {
  const input = await readInput(call, z.object({ message: z.string() }));
  const repo = writable(call);
  const { branch = '' } = call.params;
  if (!repo.branches.has(branch)) throw new HubError(404, `Invalid rev id: ${branch}`, 'RevisionNotFound');
  const author = call.identity?.user.name ?? '';
  repo.squash(branch, { title: input.message, author, date: call.world.now().toISOString() });
  sendJson(call, {});
}

/** Undefined where the request doesn't say, which leaves it to the account's default: public. */
function isPrivate(input: z.infer<typeof Visibility>): boolean | undefined {
  return input.visibility === undefined ? input.private : input.visibility === 'private';
}
