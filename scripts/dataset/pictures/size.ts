import { imageSize } from 'image-size';
import { isRecord } from '../rows.ts';
import { isWhole, type PictureSize } from './sizes.ts';

/**
 * Bytes of a JPEG in which its size is looked for: image-size goes on byte by byte where it doesn't understand a segment.
 */
const JPEG_HEAD = 2 ** 20;
/** Twice its MAX_IMAGE_PIXELS: of larger ones Pillow opens none (DecompressionBombError). */
export const MOST_PIXELS = 178_956_970;

/** EXIF's orientations in which rows of pixels are columns. */
const TURNED = [5, 6, 7, 8];

/**
 * The size of a picture as `datasets` opens it, turned as its EXIF says: by the header of its file, or as the dataset
 * viewer tells it. Null where neither does: of an address or a path alone, which is not followed.
 */
export function pictureSize(cell: unknown): PictureSize | null {
  if (!isRecord(cell)) return null;
  if (cell.bytes instanceof Uint8Array) return sizeInHeader(cell.bytes);
  return sizeFrom(cell.width, cell.height);
}

function sizeInHeader(bytes: Uint8Array): PictureSize | null {
  try {
    const head = bytes[0] === 0xff ? bytes.subarray(0, JPEG_HEAD) : bytes;
    const { width, height, orientation = 1 } = imageSize(head);
    return TURNED.includes(orientation) ? sizeFrom(height, width) : sizeFrom(width, height);
  } catch {
    return null; // it throws TypeError or RangeError for what it doesn't know
  }
}

const sizeFrom = (width: unknown, height: unknown): PictureSize | null =>
  isWhole(width) && isWhole(height) ? { width, height } : null;
