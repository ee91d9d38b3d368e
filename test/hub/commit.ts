import * as z from 'zod';
import { commitOf, writable } from './access.ts';
import { lfsPointer } from './blobs.ts';
import { type Call, HubError, jsonOf, parseInput, readBody, readInput, sendJson } from './http.ts';
import { isLfs } from './lfs-rules.ts';
import type { FileEntry } from './repos.ts';

/** Writing to a repository: which files go to LFS, then one commit of all of them. */

/** A path inside the repository, and nowhere else. */
const Path = z.string().refine((path) => isInside(path), 'not a path inside the repository');

export async function preupload(call: Call): Promise<void> {
  const File = z.object({ path: Path, size: z.number().int().nonnegative(), sample: z.string() });
  const input = await readInput(call, z.object({ files: z.array(File).max(1000) }));
  const repo = writable(call);
  const commit = repo.resolve(call.params.revision ?? 'main');
  const files = input.files.map(({ path, size, sample }) => ({
    path,
    uploadMode: isLfs(path, size, Buffer.from(sample, 'base64')) ? 'lfs' : 'regular',
    shouldIgnore: false,
    oid: commit?.files.get(path)?.oid,
  }));
  sendJson(call, { files });
}

const Operation = z.discriminatedUnion('key', [
  z.object({
    key: z.literal('header'),
    value: z.object({ summary: z.string(), description: z.string().nullish(), parentCommit: z.string().nullish() }),
  }),
  z.object({
    key: z.literal('file'),
    value: z.object({ path: Path, content: z.string(), encoding: z.enum(['base64', 'utf-8']).default('utf-8') }),
  }),
  z.object({
    key: z.literal('lfsFile'),
    value: z.object({ path: Path, oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().optional() }),
  }),
  z.object({ key: z.enum(['deletedFile', 'deletedFolder']), value: z.object({ path: z.string() }) }),
]);

/** POST .../commit/{revision}: one operation a line, the header first. */
export async function createCommit(call: Call): Promise<void> {
  const lines = (await readBody(call)).toString('utf8').split('\n').filter(Boolean);
  const [header, ...operations] = lines.map((line) => parseInput(Operation, jsonOf(line)));
  const repo = writable(call);
  const branch = (call.params.revision ?? 'main').replace(/^refs\/heads\//, '');
  if (header?.key !== 'header') throw new HubError(400, 'the first line of a commit is its header');
  if (call.url.searchParams.get('create_pr')) throw new HubError(400, 'pull requests are not offered on this Hub');
  const head = commitOf(call, repo, branch);
  if (!repo.branches.has(branch)) throw new HubError(400, `${branch} is not a branch`);

  const add = new Map<string, FileEntry>();
  const remove: string[] = [];
  for (const operation of operations) {
    if (operation.key === 'file') {
      const { path, content, encoding } = operation.value;
      const blob = await call.world.blobs.put(Buffer.from(content, encoding));
      add.set(path, { oid: blob.gitOid, sha256: blob.sha256, size: blob.size, pointerSize: null });
    } else if (operation.key === 'lfsFile') {
      add.set(operation.value.path, await lfsEntry(call, operation.value.oid));
    } else if (operation.key === 'deletedFile' || operation.key === 'deletedFolder') {
      const path = operation.value.path.replace(/\/$/, '');
      const inside = [...head.files.keys()].filter((name) => name === path || name.startsWith(`${path}/`));
      if (inside.length === 0) throw new HubError(400, `cannot delete ${path}: no such file or folder`);
      remove.push(...inside);
    }
  }
  // Nothing is awaited from here on: two commits at once can't both believe in the same parent.
  const { summary, description, parentCommit } = header.value;
  if (parentCommit && parentCommit !== repo.resolve(branch)?.sha) {
    throw new HubError(412, 'A commit has happened since. Please refresh and try again.');
  }
  const author = call.identity?.user.name ?? '';
  const date = call.world.now().toISOString();
  const commit = repo.commit(branch, { title: summary, message: description ?? '', author, date, add, remove });
  const commitUrl = `${call.world.url}/${call.params.id}/commit/${commit.sha}`;
  sendJson(call, { success: true, commitOid: commit.sha, commitUrl, hookOutput: '' });
}

async function lfsEntry(call: Call, sha256: string): Promise<FileEntry> {
  const size = await call.world.blobs.size(sha256);
  if (size === null) throw new HubError(400, `the LFS file ${sha256} was never uploaded`);
  const pointer = lfsPointer({ sha256, size });
  return { oid: pointer.oid, sha256, size, pointerSize: pointer.size };
}

function isInside(path: string): boolean {
  return (
    path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part !== '.git')
  );
}
