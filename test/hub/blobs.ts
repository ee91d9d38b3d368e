import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What the content of a file is known by. Sizes in bytes. */
export interface Blob {
  sha256: string;
  /** Git's own id of the content, sha1 of `blob <size>\0<content>`. */
  gitOid: string;
  size: number;
}

/** Where a seeded file comes from. `head` makes a sparse file: these bytes, then zeros up to `size`. */
export type FileSource = string | Uint8Array | { path: string } | { head: Uint8Array; size: number };

/** Contents on disk, each in a file named by its sha256. Nothing big is held in memory. */
export class BlobStore {
  #uploads = 0;

  constructor(readonly folder: string) {}

  path(sha256: string): string {
    return join(this.folder, sha256);
  }

  /** In bytes; null where there is no such blob. */
  async size(sha256: string): Promise<number | null> {
    return stat(this.path(sha256)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** A fresh file name for an upload under way. */
  async scratch(): Promise<string> {
    const folder = join(this.folder, 'uploads');
    await mkdir(folder, { recursive: true });
    this.#uploads += 1;
    return join(folder, String(this.#uploads));
  }

  async put(bytes: Uint8Array): Promise<Blob> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writeFile(this.path(sha256), bytes);
    return { sha256, gitOid: gitHash(bytes.byteLength).update(bytes).digest('hex'), size: bytes.byteLength };
  }

  /**
   * Stores a stream whose size is known beforehand, as LFS uploads are. Returns what really arrived; nothing
   * is kept where that isn't `expected`, a sha256.
   */
  async putStream(stream: Readable, size: number, expected?: string): Promise<Blob> {
    const sha256 = createHash('sha256');
    const git = gitHash(size);
    const target = await this.scratch();
    let arrived = 0;
    await pipeline(
      stream,
      async function* hashing(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          sha256.update(chunk);
          git.update(chunk);
          arrived += chunk.byteLength;
          yield chunk;
        }
      },
      createWriteStream(target),
    );
    const blob = { sha256: sha256.digest('hex'), gitOid: git.digest('hex'), size: arrived };
    if (expected === undefined || blob.sha256 === expected) await rename(target, this.path(blob.sha256));
    else await rm(target);
    return blob;
  }

  async putFile(path: string, size: number): Promise<Blob> {
    return this.putStream(createReadStream(path), size);
  }

  /** Its ids are those of the head and the size, not of gigabytes of zeros that nobody will download. */
  async putSparse(head: Uint8Array, size: number): Promise<Blob> {
    const id = createHash('sha256').update(head).update(`sparse ${size}`).digest('hex');
    const file = await open(this.path(id), 'w');
    try {
      await file.write(head);
      await file.truncate(size);
    } finally {
      await file.close();
    }
    return { sha256: id, gitOid: id.slice(0, 40), size };
  }
}

/** Of the pointer file that Git keeps in place of an LFS file. */
export function lfsPointer(blob: Pick<Blob, 'sha256' | 'size'>): { oid: string; size: number; text: string } {
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${blob.sha256}\nsize ${blob.size}\n`;
  return { oid: gitHash(text.length).update(text).digest('hex'), size: text.length, text };
}

function gitHash(size: number): Hash {
  return createHash('sha1').update(`blob ${size}\0`);
}
