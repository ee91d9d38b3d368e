import { createHash } from 'node:crypto';
import { chunks } from './data-file.ts';
import { diskFiles, type Files } from './files.ts';

/** sha256 over the bytes of all files, one after the other, as the training script computes it too. */
export async function fingerprintFiles(
  paths: readonly string[],
  files: Files = diskFiles,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const file = await files.open(path);
    try {
      for await (const chunk of chunks(file)) {
        signal?.throwIfAborted();
        hash.update(chunk);
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex');
}
