import zlib from 'node:zlib';

/** The first decompressed bytes of a page, at least some of `wanted`, from its first compressed ones; null where the codec can't. */
export function prefix(codec: string, bytes: Uint8Array, wanted: number): Uint8Array | null {
  switch (codec) {
    case 'UNCOMPRESSED':
      return bytes;
    case 'SNAPPY':
      return snappyPrefix(bytes, wanted);
    case 'GZIP':
      return zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
    case 'BROTLI':
      return zlib.brotliDecompressSync(bytes, { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
    default:
      return null;
  }
}

/** https://github.com/google/snappy/blob/main/format_description.txt, ending early where the input or the need does. */
function snappyPrefix(bytes: Uint8Array, wanted: number): Uint8Array {
  const out = new Uint8Array(wanted);
  let at = 0;
  let size = 0;
  while ((bytes[at++] ?? 0) & 0x80); // the length of the whole
  const little = (from: number, count: number): number => {
    let number = 0;
    for (let index = 0; index < count; index += 1) number += (bytes[from + index] ?? 0) * 2 ** (8 * index);
    return number;
  };
  while (at < bytes.length && size < wanted) {
    const tag = bytes[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const length = extra > 0 ? little(at, extra) + 1 : (tag >> 2) + 1;
      at += extra;
      const literal = bytes.subarray(at, at + Math.min(length, wanted - size));
      out.set(literal, size);
      size += literal.length;
      at += length;
      continue;
    }
    const width = kind === 3 ? 4 : kind;
    if (at + width > bytes.length) break;
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) + little(at, 1) : little(at, width);
    if (offset === 0 || offset > size) break;
    at += width;
    for (let index = 0; index < length && size < wanted; index += 1, size += 1) out[size] = out[size - offset] ?? 0;
  }
  return out.subarray(0, size);
}
