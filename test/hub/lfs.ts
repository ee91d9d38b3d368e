import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { writable } from './access.ts';
import { type Call, HubError, readInput, sendJson } from './http.ts';
import type { LfsUpload, World } from './world.ts';

/** Git LFS with the transfers `basic` and `multipart`. Uploads go to signed URLs on the CDN's origin. */

const Oid = z.string().regex(/^[0-9a-f]{64}$/);

const Batch = z.object({
  operation: z.enum(['upload', 'download']),
  transfers: z.array(z.string()).default(['basic']),
  objects: z.array(z.object({ oid: Oid, size: z.number().int().nonnegative() })),
});

export async function lfsBatch(call: Call): Promise<void> {
  const input = await readInput(call, Batch);
  writable(call);
  const { world } = call;
  if (input.operation === 'download') throw new HubError(400, 'LFS files are downloaded from /resolve/');
  const multipart = input.transfers.includes('multipart');
  const objects = await Promise.all(
    input.objects.map(async ({ oid, size }) => {
      if ((await world.blobs.size(oid)) !== null) return { oid, size };
      const inParts = multipart && size >= world.multipart.from;
      const file = inParts ? await world.blobs.scratch() : null;
      const id = randomUUID();
      world.uploads.set(id, { sha256: oid, size, file, parts: new Map() });
      const upload = {
        href: `${inParts ? world.url : world.cdnUrl}/lfs-upload/${id}`,
        ...(inParts && parts(world, id, size)),
      };
      const verify = { href: `${world.url}/${call.params.prefix ?? ''}${call.params.id}.git/info/lfs/verify` };
      return { oid, size, authenticated: true, actions: { upload, verify } };
    }),
  );
  sendJson(
    call,
    { transfer: multipart ? 'multipart' : 'basic', objects },
    { 'content-type': 'application/vnd.git-lfs+json' },
  );
}

function parts(world: World, id: string, size: number): { header: Record<string, string> } {
  const count = Math.ceil(size / world.multipart.part);
  const urls = Array.from({ length: count }, (_, index) => String(index + 1).padStart(5, '0'));
  const header = Object.fromEntries(urls.map((part) => [part, `${world.cdnUrl}/lfs-upload/${id}/${part}`]));
  return { header: { ...header, chunk_size: String(world.multipart.part) } };
}

/** PUT of a whole file. */
export async function putWhole(call: Call): Promise<void> {
  const upload = underWay(call);
  if (upload.file !== null) throw new HubError(400, 'this upload comes in parts');
  const blob = await call.world.blobs.putStream(call.req, upload.size, upload.sha256);
  finish(call, upload, blob);
}

/** PUT of one part, in any order. */
export async function putPart(call: Call): Promise<void> {
  const upload = underWay(call);
  const number = Number(call.params.part);
  const start = (number - 1) * call.world.multipart.part;
  if (upload.file === null || start >= upload.size) throw new HubError(400, 'there is no such part');
  const hash = createHash('md5');
  await pipeline(
    call.req,
    async function* hashing(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    // The file isn't there before the first part; 'a' creates it but can't write in the middle.
    await writerAt(upload.file, start),
  );
  const etag = `"${hash.digest('hex')}"`;
  upload.parts.set(number, etag);
  sendJson(call, {}, { etag });
}

async function writerAt(file: string, start: number): Promise<ReturnType<typeof createWriteStream>> {
  await new Promise<void>((resolve, reject) =>
    createWriteStream(file, { flags: 'a' }).end(resolve).on('error', reject),
  );
  return createWriteStream(file, { flags: 'r+', start });
}

/** POST when all parts are there. */
export async function complete(call: Call): Promise<void> {
  const Part = z.object({ partNumber: z.number().int().positive(), etag: z.string() });
  const input = await readInput(call, z.object({ oid: Oid, parts: z.array(Part) }));
  const upload = underWay(call);
  const expected = Math.ceil(upload.size / call.world.multipart.part);
  const wrong = input.parts.find(({ partNumber, etag }) => upload.parts.get(partNumber) !== etag);
  if (upload.file === null || wrong || input.parts.length !== expected) throw new HubError(400, 'parts are missing');
  const blob = await call.world.blobs.putStream(createReadStream(upload.file), upload.size, upload.sha256);
  await rm(upload.file);
  finish(call, upload, blob);
}

/** POST after an upload: whether it is all there. */
export async function verify(call: Call): Promise<void> {
  const input = await readInput(call, z.object({ oid: Oid, size: z.number() }));
  writable(call);
  if ((await call.world.blobs.size(input.oid)) !== input.size) throw new HubError(404, 'the upload is not complete');
  sendJson(call, {});
}

function finish(call: Call, upload: LfsUpload, arrived: { sha256: string; size: number }): void {
  if (arrived.sha256 !== upload.sha256 || arrived.size !== upload.size) {
    throw new HubError(400, `what arrived is not ${upload.sha256}`);
  }
  call.world.uploads.delete(call.params.upload ?? '');
  sendJson(call, {}, { etag: `"${arrived.sha256}"` });
}

function underWay(call: Call): LfsUpload {
  const upload = call.world.uploads.get(call.params.upload ?? '');
  if (!upload) throw new HubError(403, 'this upload URL has expired');
  return upload;
}
