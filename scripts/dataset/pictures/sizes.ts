/** Pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

/** What pictures become: tokens of the decoder, in the place of their marks, and the work of the vision tower. */
export interface PictureCost {
  tokens: number;
  patches: number;
  /** Pairs of patches that look at each other, in a layer: of a tile those of that tile. */
  pairs: number;
}

/** No size is larger, of a picture nor in a configuration. */
const LARGEST = 2 ** 31;

/** A count of pixels, patches or tokens that can be meant. */
export const isWhole = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < LARGEST;
