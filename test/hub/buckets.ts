import * as z from 'zod';
import { readable, repoUrl, requireRight } from './access.ts';
import { type Call, HubError, readInput, sendJson } from './http.ts';
import { Repo } from './repos.ts';

/** Buckets exist and are empty: files reach them through Xet only, which this Hub doesn't speak. */

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

export function bucketTree(call: Call): void {
  readable(call, 'bucket');
  sendJson(call, []);
}

export function bucketBatch(call: Call): void {
  readable(call, 'bucket');
  throw new HubError(400, 'this Hub keeps no files in buckets');
}
