/** First bytes of the formats that people keep pictures in; offset, then the bytes as Latin-1 text. */
const MAGIC: readonly (readonly [number, string])[] = [
  [0, '\x89PNG\r\n\x1a\n'],
  [0, '\xff\xd8\xff'],
  [0, 'GIF8'],
  [8, 'WEBP'],
  [0, 'BM'],
  [0, 'II*\0'],
  [0, 'MM\0*'],
];

/**
 * Whether a file begins and goes on like a picture: known first bytes, and for PNG a whole header, whose end is at byte
 * 33, and data behind it. What follows is not read: a file that is cut off further on passes.
 */
export function isImageFile(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  const known = MAGIC.some(([at, magic]) => head.startsWith(magic, at));
  return known && (!head.startsWith('\x89PNG') || (head.startsWith('IHDR', 12) && bytes.length > 41));
}
