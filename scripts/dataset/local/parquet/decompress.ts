import zlib from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

type Decompress = (bytes: Uint8Array) => Uint8Array;

/** Node's own are several times faster; Zstandard is in it from 22.15 on. */
const zstd: Decompress | undefined = 'zstdDecompressSync' in zlib ? (zlib.zstdDecompressSync as Decompress) : undefined;

export const COMPRESSORS: Compressors = {
  ...compressors,
  GZIP: (bytes) => zlib.gunzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
  ...(zstd ? { ZSTD: (bytes) => zstd(bytes) } : {}),
};
