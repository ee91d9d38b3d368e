import { access, constants, type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { DataFile } from './data-file.ts';
import { unreadable } from './unreadable.ts';

/** The disk as validation reads it. */
export interface Files {
  /** Null where there is nothing. */
  kind(path: string): Promise<'file' | 'folder' | null>;
  /** Paths of the files below a folder, relative, with `/`, sorted; hidden ones left out. */
  list(folder: string): Promise<string[]>;
  /** Throws TrainerError `usage` where it can't be read, as its `slice` does. */
  open(path: string): Promise<DataFile & { close(): Promise<void> }>;
}

const MAX_FILES = 10_000;

export const diskFiles: Files = {
  async kind(path) {
    try {
      const found = await stat(path);
      return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : null;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].includes(systemErrorCode(error) ?? '')) return null;
      throw unreadable(path, error);
    }
  },

  async list(folder) {
    const found: string[] = [];
    const walk = async (below: string): Promise<void> => {
      const entries = await readdir(join(folder, below), { withFileTypes: true });
      for (const entry of entries) {
        // `datasets` leaves these out too; links to folders are not followed, so there is no way in a circle.
        if (entry.name.startsWith('.') || entry.name.startsWith('__')) continue;
        const path = below === '' ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory()) await walk(path);
        else if (entry.isFile() || entry.isSymbolicLink()) found.push(path); // reading a pipe would never end
        if (found.length > MAX_FILES) {
          throw new TrainerError(
            'usage',
            'too_many_files',
            `${preview(folder)} holds more than ${MAX_FILES} files`,
            'Give the folder that holds the data alone, or one file.',
          );
        }
      }
    };
    try {
      await walk('');
    } catch (error) {
      throw unreadable(folder, error);
    }
    return found.sort();
  },

  async open(path) {
    let handle: FileHandle | undefined;
    try {
      await access(path, constants.R_OK);
      handle = await open(path);
      const found = await handle.stat();
      if (found.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
      // What looks empty may be no file of bytes at all: reading it tells.
      if (found.size === 0) await handle.read(new Uint8Array(1), 0, 1, 0);
      return openFile(path, handle, found.size);
    } catch (error) {
      await handle?.close();
      throw unreadable(path, error);
    }
  },
};

function openFile(path: string, handle: FileHandle, byteLength: number): Awaited<ReturnType<Files['open']>> {
  return {
    name: path,
    byteLength,
    near: true,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
      try {
        for (let filled = 0; filled < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) return bytes.buffer.slice(0, filled);
          filled += bytesRead;
        }
      } catch (error) {
        throw unreadable(path, error);
      }
      return bytes.buffer;
    },
    close: () => handle.close(),
  };
}
