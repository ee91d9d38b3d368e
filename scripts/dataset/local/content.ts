import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorMessage, systemErrorCode } from '../../errors.ts';
import { chunks, type DataFile } from './data-file.ts';
import { broken } from './reader.ts';

/** Bytes of a compressed file that are asked for at once. */
const WINDOW = 1 << 19;

/** Whether the file is compressed as a whole, by its name: it can be read only from its beginning. */
export const isGzip = ({ name }: DataFile): boolean => /\.gz$/i.test(name);

/** The file's bytes from the beginning, decompressed where its name says `.gz`. Throws TrainerError `data`. */
export async function* content(file: DataFile): AsyncGenerator<Uint8Array> {
  if (!isGzip(file)) {
    yield* chunks(file);
    return;
  }
  const packed = Readable.from(chunks(file));
  const unpacked = packed.pipe(createGunzip({ chunkSize: 1 << 18 }));
  packed.on('error', (error) => unpacked.destroy(error));
  let read = 0;
  try {
    for await (const chunk of unpacked) {
      read += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (!/^Z_/.test(systemErrorCode(error) ?? '')) throw error;
    const cut = systemErrorCode(error) === 'Z_BUF_ERROR';
    throw broken(
      file.name,
      ` after byte ${read} of what is in it`,
      cut ? 'the gzip file ends too early' : `is not gzip: ${errorMessage(error)}`,
      cut ? 'It was not copied to its end: get it again.' : 'Compress it again, or give it unpacked.',
      error,
    );
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

export interface Beginning {
  bytes: Uint8Array;
  /** Whether these are all bytes of the file. */
  ended: boolean;
}

/** At least `most` bytes of what `content` gives, fewer only where the file ends. Throws as that. */
export async function beginning(file: DataFile, most: number): Promise<Beginning> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content({ ...file, window: Math.min(most, WINDOW) })) {
    parts.push(chunk);
    size += chunk.length;
    if (size > most) return { bytes: Buffer.concat(parts), ended: false };
  }
  return { bytes: Buffer.concat(parts), ended: true };
}

/** The file's text in pieces. Throws TrainerError `data` where it isn't UTF-8. */
export async function* decoded(file: DataFile): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  try {
    for await (const chunk of content(file)) {
      const text = decoder.decode(chunk, { stream: true });
      read += chunk.length;
      yield text;
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw broken(file.name, ` after byte ${read}`, 'is not UTF-8 text', NOT_UTF8, error);
  }
}

export const NOT_UTF8 = 'Save it as UTF-8, for example: iconv -f latin1 -t utf-8 in > out';
