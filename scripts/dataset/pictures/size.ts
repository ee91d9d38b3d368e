import { imageSize } from 'image-size';
import { isRecord } from '../rows.ts';

/** Pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

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
    const { width, height, orientation = 1 } = imageSize(bytes);
    return TURNED.includes(orientation) ? sizeFrom(height, width) : sizeFrom(width, height);
  } catch {
    return null; // it throws TypeError or RangeError for what it doesn't know
  }
}

function sizeFrom(width: unknown, height: unknown): PictureSize | null {
  const isSide = (side: unknown): side is number => typeof side === 'number' && side >= 1 && Number.isFinite(side);
  return isSide(width) && isSide(height) ? { width, height } : null;
}
