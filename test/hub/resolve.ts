import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { commitOf, downloadable } from './access.ts';
import { lfsPointer } from './blobs.ts';
import { type Call, HubError } from './http.ts';

/**
 * Files: GET and HEAD of /{id}/resolve/{revision}/{path}. What lies in LFS is redirected to a signed URL on
 * another origin, with the facts about it in X-Linked-* headers.
 */
export async function resolveFile(call: Call): Promise<void> {
  const repo = downloadable(call);
  const commit = commitOf(call, repo);
  const { path = '' } = call.params;
  const commitHeaders = { 'x-repo-commit': commit.sha };
  const file = commit.files.get(path);
  if (!file) {
    call.res.setHeader('x-repo-commit', commit.sha);
    throw new HubError(404, 'Entry not found', 'EntryNotFound');
  }
  const headers = {
    ...commitHeaders,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(basename(path))}`,
    'content-type': 'text/plain; charset=utf-8',
    etag: `"${file.oid}"`,
  };
  if (file.pointerSize === null) {
    await sendFile(call, call.world.blobs.path(file.sha256), file.size, headers);
    return;
  }
  if (call.params.how === 'raw') {
    const pointer = Buffer.from(lfsPointer(file).text);
    call.res.writeHead(200, { ...headers, 'content-length': pointer.byteLength });
    call.res.end(call.method === 'HEAD' ? undefined : pointer);
    return;
  }
  const signature = call.world.signature(file.sha256);
  call.res.writeHead(302, {
    ...headers,
    etag: `"${file.sha256}"`,
    'x-linked-etag': `"${file.sha256}"`,
    'x-linked-size': file.size,
    'content-length': 0,
    location: `${call.world.cdnUrl}/cdn/${file.sha256}?signature=${signature}`,
  });
  call.res.end();
}

/** GET and HEAD of a signed URL. It needs no token, as that of a storage service. */
export async function cdnFile(call: Call): Promise<void> {
  const { sha256 = '' } = call.params;
  if (call.url.searchParams.get('signature') !== call.world.signature(sha256)) throw new HubError(403, 'Access denied');
  const size = await call.world.blobs.size(sha256);
  if (size === null) throw new HubError(404, 'no such object');
  const headers = { etag: `"${sha256}"`, 'content-type': 'application/octet-stream' };
  await sendFile(call, call.world.blobs.path(sha256), size, headers);
}

async function sendFile(call: Call, path: string, size: number, headers: Record<string, string>): Promise<void> {
  const range = call.req.headers.range;
  const span = range ? parseRange(range, size) : { start: 0, end: size - 1 };
  if (!span) {
    call.res.writeHead(416, { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 });
    call.res.end();
    return;
  }
  call.res.writeHead(range ? 206 : 200, {
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': span.end - span.start + 1,
    ...(range && { 'content-range': `bytes ${span.start}-${span.end}/${size}` }),
  });
  if (call.method === 'HEAD' || size === 0) {
    call.res.end();
    return;
  }
  await pipeline(createReadStream(path, span), call.res);
}

/** First and last byte, both included; null where the file has nothing of the range. */
function parseRange(header: string, size: number): { start: number; end: number } | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end ? { start, end } : null;
}
