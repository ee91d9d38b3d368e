import { open, readFile, stat } from 'node:fs/promises';
import { type Blob, type FileSource, lfsPointer } from './blobs.ts';
import { isLfs } from './lfs-rules.ts';
import { firstCommit } from './repo-admin.ts';
import { type FileEntry, Repo, type RepoOptions, type RepoType } from './repos.ts';
import type { World } from './world.ts';

/** Repositories put there by hand: the same seed gives the same commits, whenever it is sown. */

export interface RepoSeed extends RepoOptions {
  type: RepoType;
  id: string;
  files?: Record<string, FileSource>;
  /** Users whom a gated repository lets in. */
  granted?: string[];
}

const SEED_DATE = '2025-03-01T12:00:00.000Z';

export async function addRepo(world: World, seed: RepoSeed): Promise<Repo> {
  const repo = new Repo(seed.type, seed.id, { createdAt: SEED_DATE, ...seed });
  for (const user of seed.granted ?? []) repo.granted.add(user);
  await firstCommit(world, repo, repo.namespace, SEED_DATE);
  const add = new Map<string, FileEntry>();
  for (const [path, source] of Object.entries(seed.files ?? {})) add.set(path, await fileEntry(world, path, source));
  repo.commit('main', { title: 'Upload files', author: repo.namespace, date: SEED_DATE, add, remove: [] });
  return world.repos.add(repo);
}

export async function readFileOf(
  world: World,
  type: RepoType,
  id: string,
  path: string,
  revision = 'main',
): Promise<Buffer> {
  const file = world.repos.get(type, id)?.resolve(revision)?.files.get(path);
  if (!file) throw new Error(`there is no ${path} in the ${type} ${id} at ${revision}`);
  return readFile(world.blobs.path(file.sha256));
}

async function fileEntry(world: World, path: string, source: FileSource): Promise<FileEntry> {
  const { blob, sample } = await stored(world, source);
  const { sha256, size, gitOid } = blob;
  if (!isLfs(path, size, sample)) return { oid: gitOid, sha256, size, pointerSize: null };
  const pointer = lfsPointer(blob);
  return { oid: pointer.oid, sha256, size, pointerSize: pointer.size };
}

async function stored(world: World, source: FileSource): Promise<{ blob: Blob; sample: Uint8Array }> {
  if (typeof source === 'string') return stored(world, Buffer.from(source));
  if (source instanceof Uint8Array) return { blob: await world.blobs.put(source), sample: source.subarray(0, 512) };
  if ('head' in source) return { blob: await world.blobs.putSparse(source.head, source.size), sample: source.head };
  const { size } = await stat(source.path);
  return { blob: await world.blobs.putFile(source.path, size), sample: await firstBytes(source.path) };
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
