import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import * as z from 'zod';
import { readable, repoUrl, requireRight } from './access.ts';
import { type Call, HubError, readInput, sendJson } from './http.ts';
import { Repo } from './repos.ts';
import type { World } from './world.ts';

/** Buckets are folders of this machine that jobs mount. Clients see what is in them and can't fetch it: files travel
 * through Xet only, which this Hub doesn't speak. */

/** Exists afterwards. */
export function bucketFolder({ buckets }: Pick<World, 'buckets'>, id: string): string {
  const folder = join(buckets, id);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export async function createBucket(call: Call): Promise<void> {
  const Input = z.object({ visibility: z.enum(['public', 'private']).nullish(), private: z.boolean().nullish() });
  const input = await readInput(call, Input);
  const { id = '' } = call.params;
  const namespace = id.slice(0, id.indexOf('/'));
  requireRight(call, namespace, 'repo.write', `create a bucket under the namespace "${namespace}"`);
  const url = repoUrl(call, { type: 'bucket', id });
  if (call.world.repos.get('bucket', id)) throw new HubError(409, `${id} exists already`, undefined, { url, id });
  const isPrivate = input.visibility === 'private' || input.private === true;
  call.world.repos.add(new Repo('bucket', id, { private: isPrivate, createdAt: call.world.now().toISOString() }));
  sendJson(call, { url, id });
}

export function bucketInfo(call: Call): void {
  const bucket = readable(call, 'bucket');
  sendJson(call, { id: bucket.id, private: bucket.private, createdAt: bucket.createdAt, size: 0, totalFiles: 0 });
}

/** Recursive, as `hf buckets sync` asks; under the prefix in the path. */
export function bucketTree(call: Call): void {
  const folder = bucketFolder(call.world, readable(call, 'bucket').id);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.split(sep).join('/'));
  const found = names.filter((name) => name.startsWith(call.params.prefix ?? ''));
  const files = found.flatMap((path) => {
    const entry = statSync(join(folder, path));
    const { size, mtime } = entry;
    return entry.isFile() ? [{ type: 'file', path, size, mtime: mtime.toISOString(), xetHash: '0'.repeat(64) }] : [];
  });
  sendJson(call, files);
}

export function bucketBatch(call: Call): void {
  readable(call, 'bucket');
  throw new HubError(400, 'this Hub takes files of buckets from the jobs that mount them only');
}
