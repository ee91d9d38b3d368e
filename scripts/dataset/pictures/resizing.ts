import type { PictureRules } from './rules.ts';
import type { PictureSize } from './sizes.ts';

/** The sizes that transformers' image processors (5.23) give to a picture, each as its class computes them. */
type RulesOf<Kind extends PictureRules['kind']> = Extract<PictureRules, { kind: Kind }>;

/** `smart_resize` of Qwen2VLImageProcessor and Glm4vImageProcessor: patches. */
export function areaPatches(rules: RulesOf<'area'>, size: PictureSize): number {
  const { patch, merge, min_pixels, max_pixels, frames } = rules;
  const factor = patch * merge;
  let { width, height } = size;
  if (frames === 2 && Math.min(width, height) < factor) {
    const scale = factor / Math.min(width, height);
    [width, height] = [Math.floor(width * scale), Math.floor(height * scale)];
  }
  let [high, wide] = [evenRound(height / factor) * factor, evenRound(width / factor) * factor];
  if (frames * high * wide > max_pixels) {
    const beta = Math.sqrt((frames * height * width) / max_pixels);
    high = Math.max(factor, Math.floor(height / beta / factor) * factor);
    wide = Math.max(factor, Math.floor(width / beta / factor) * factor);
  } else if (frames * high * wide < min_pixels) {
    const beta = Math.sqrt(min_pixels / (frames * height * width));
    high = Math.ceil((height * beta) / factor) * factor;
    wide = Math.ceil((width * beta) / factor) * factor;
  }
  return (high / patch) * (wide / patch);
}

/** As Python's: halves to the even neighbour. */
function evenRound(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** `get_aspect_ratio_preserving_size` of Gemma4ImageProcessor: tokens. */
export function budgetTokens({ patch, pool, max_tokens }: RulesOf<'budget'>, { width, height }: PictureSize): number {
  const side = patch * pool;
  const factor = Math.sqrt((max_tokens * side ** 2) / (width * height));
  const high = Math.floor((factor * height) / side);
  const wide = Math.floor((factor * width) / side);
  if (high === 0) return Math.min(Math.floor(width / height), max_tokens);
  return wide === 0 ? Math.min(Math.floor(height / width), max_tokens) : high * wide;
}

/** `get_resize_output_image_size` of PixtralImageProcessor: merged patches. */
export function longestSideGrid(
  { side, patch, merge }: RulesOf<'longest_side'>,
  { width, height }: PictureSize,
): { rows: number; columns: number } {
  const ratio = Math.max(1, height / side, width / side);
  const patches = (length: number): number => Math.floor((Math.floor(length / ratio) - 1) / (patch * merge)) + 1;
  return { rows: patches(height), columns: patches(width) };
}

/** Idefics3's absolute maximum of a side. */
const MAX_SIDE = 4096;

/** `resize` and `split_images` of Idefics3ImageProcessor; no tiles where the whole fits into one. */
export function splitTiles(
  { side, tile }: RulesOf<'split'>,
  { width, height }: PictureSize,
): { rows: number; columns: number } {
  const longer = Math.min(side, MAX_SIDE);
  const ratio = width / height;
  const even = (length: number): number => length + (length % 2);
  const shorter = even(Math.floor(ratio >= 1 ? side / ratio : side * ratio));
  const across = Math.ceil(longer / tile);
  const along = Math.max(1, Math.ceil(Math.floor((shorter * longer) / side) / tile));
  if (across === 1 && along === 1) return { rows: 0, columns: 0 };
  return ratio >= 1 ? { rows: along, columns: across } : { rows: across, columns: along };
}

/** `get_optimal_tiled_canvas` of GotOcr2ImageProcessor. */
export function canvasTiles(rules: RulesOf<'canvas'>, { width, height }: PictureSize): number {
  const { min_tiles, max_tiles } = rules;
  const sides = Array.from({ length: max_tiles }, (_, index) => index + 1);
  const grids = sides
    .flatMap((wide) =>
      sides.slice(0, Math.floor(max_tiles / wide)).map((high) => ({ ratio: wide / high, tiles: wide * high })),
    )
    .filter(({ tiles }) => tiles >= min_tiles)
    .sort((a, b) => a.tiles - b.tiles);
  let best = { tiles: 1, off: Number.POSITIVE_INFINITY };
  for (const { ratio, tiles } of grids) {
    const off = Math.abs(width / height - ratio);
    const larger = off === best.off && width * height > 0.5 * rules.width * rules.height * tiles;
    if (off < best.off || larger) best = { tiles, off };
  }
  return best.tiles;
}
