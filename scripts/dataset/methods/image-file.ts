type Check = (bytes: Uint8Array, view: DataView) => boolean;

/** Formats that people keep pictures in: the first bytes as Latin-1 text, at an offset, and what has to follow. */
const FORMATS: readonly { at: number; magic: string; check: Check }[] = [
  { at: 0, magic: '\x89PNG\r\n\x1a\n', check: isPng },
  { at: 0, magic: '\xff\xd8\xff', check: isJpeg },
  { at: 0, magic: 'GIF8', check: (bytes) => bytes.length > 13 },
  { at: 8, magic: 'WEBP', check: isWebp },
  { at: 0, magic: 'BM', check: (bytes) => bytes.length > 26 },
  { at: 0, magic: 'II*\0', check: (bytes, view) => view.getUint32(4, true) < bytes.length },
  { at: 0, magic: 'MM\0*', check: (bytes, view) => view.getUint32(4) < bytes.length },
];
const LONGEST_HEAD = 12;

/**
 * Whether a file is built like a picture: its first bytes, its header and, for PNG, JPEG and WebP, that it is not cut
 * off. The pixels are not decoded, so a file in which they are damaged passes.
 */
export function isImageFile(bytes: Uint8Array): boolean {
  if (bytes.length < LONGEST_HEAD) return false;
  const head = String.fromCharCode(...bytes.subarray(0, LONGEST_HEAD));
  const format = FORMATS.find(({ at, magic }) => head.startsWith(magic, at));
  return format?.check(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length)) ?? false;
}

/** Chunks, each of length, name, data and checksum: a header of 13 bytes, and pixels that are there to their end. */
function isPng(bytes: Uint8Array, view: DataView): boolean {
  let pixels = false;
  for (let at = 8; at + 8 <= bytes.length; ) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at === 8 && (name !== 'IHDR' || view.getUint32(at) !== 13)) return false;
    const end = at + 8 + view.getUint32(at);
    if (name === 'IDAT' && end > bytes.length) return false;
    pixels ||= name === 'IDAT';
    at = end + 4;
  }
  return pixels;
}

/** Segments, each of a marker and a length, one of which holds the size; then the scan, and the mark of the end. */
function isJpeg(bytes: Uint8Array, view: DataView): boolean {
  let sized = false;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // any number of them may come before a marker
      continue;
    }
    if (marker === 0xda) return sized && endsBehind(bytes, at);
    // 0xc4, 0xc8 and 0xcc are tables between the markers of frames.
    sized ||= marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    at += 2 + view.getUint16(at + 2);
  }
  return false;
}

function endsBehind(bytes: Uint8Array, start: number): boolean {
  for (let at = bytes.length - 2; at > start; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

/** The size of the rest is at byte 4; a last byte may be padding. */
function isWebp(bytes: Uint8Array, view: DataView): boolean {
  const size = view.getUint32(4, true);
  return size > LONGEST_HEAD && bytes.length + 1 >= size + 8;
}
