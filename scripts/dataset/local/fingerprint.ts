import { createHash } from 'node:crypto';
import { diskFiles, type Files } from './files.ts';

/** sha256 over the bytes of all files, one after the other, as the training script computes it too. */
export async function fingerprintFiles(paths: readonly string[], files: Files = diskFiles): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for await (const chunk of files.stream(path)) hash.update(chunk);
  }
  return hash.digest('hex');
}
