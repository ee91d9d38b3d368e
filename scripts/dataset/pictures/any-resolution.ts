import type { PictureRules } from './rules.ts';
import type { PictureSize } from './sizes.ts';

interface Tiled {
  tokens: number;
  tiles: number;
}

type Rules = Extract<PictureRules, { kind: 'any_resolution' }>;

/** `_get_number_of_features` of LlavaNextProcessor and LlavaOnevisionProcessor (transformers 5.23). */
export function anyResolution(rules: Rules, size: PictureSize): Tiled {
  const { tile, grid, max_tiles } = rules;
  const [bestHeight, bestWidth] = bestResolution(rules.sizes, size);
  const [down, across] = [Math.floor(bestHeight / tile), Math.floor(bestWidth / tile)];
  let [high, wide] = [grid * down, grid * across];
  const { width, height } = size;
  // What the picture's sides leave empty of the tiles is taken away.
  if (width / height > wide / high) high -= 2 * Math.floor((high - floored(height * (wide / width))) / 2);
  else wide -= 2 * Math.floor((wide - floored(width * (high / height))) / 2);
  const ratio = max_tiles === null ? 1 : Math.sqrt((high * wide) / (max_tiles * grid ** 2));
  if (ratio > 1.1) [high, wide] = [Math.floor(high / ratio), Math.floor(wide / ratio)];
  // Each row ends with a mark; the whole picture is added, in one tile.
  return { tokens: high * (wide + 1) + grid ** 2, tiles: down * across + 1 };
}

/** Python's int(round(x, 7)). */
const floored = (value: number): number => Math.floor(Math.round(value * 1e7) / 1e7);

/** The most of all sizes, each filled to its edges. */
export function anyResolutionMost(rules: Rules): Tiled {
  const costs = rules.sizes.map(([height, width]) => anyResolution(rules, { width, height }));
  return {
    tokens: Math.max(...costs.map(({ tokens }) => tokens)),
    tiles: Math.max(...costs.map(({ tiles }) => tiles)),
  };
}

/** `select_best_resolution`: the most of the picture's pixels, then the least that is wasted. */
function bestResolution(sizes: Rules['sizes'], { width, height }: PictureSize): readonly [number, number] {
  let best = { size: sizes[0] ?? ([0, 0] as const), used: 0, wasted: Number.POSITIVE_INFINITY };
  for (const size of sizes) {
    const scale = Math.min(size[1] / width, size[0] / height);
    const used = Math.min(Math.floor(width * scale) * Math.floor(height * scale), width * height);
    const wasted = size[0] * size[1] - used;
    if (used > best.used || (used === best.used && wasted < best.wasted)) best = { size, used, wasted };
  }
  return best.size;
}
