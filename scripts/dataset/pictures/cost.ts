import { anyResolution, anyResolutionMost } from './any-resolution.ts';
import { areaPatches, budgetTokens, canvasTiles, longestSideGrid, splitTiles } from './resizing.ts';
import type { PictureRules } from './rules.ts';
import type { PictureCost, PictureSize } from './sizes.ts';

/** Of a picture whose size is not known and a processor that isn't either: the most that Qwen3-VL makes of one. */
const UNKNOWN_TOKENS = 16_384;

/** What the processor makes of the pictures of a row. */
export function rowCost(rules: PictureRules, sizes: readonly (PictureSize | null)[]): PictureCost {
  if (rules.kind === 'any_resolution' && rules.alone && sizes.length > 1) {
    const tile = rules.grid ** 2;
    return ofTiles(sizes.length * (tile + 1), sizes.length, tile);
  }
  const costs = sizes.map((size) => pictureCost(rules, size));
  const sum = (what: keyof PictureCost): number => costs.reduce((all, cost) => all + cost[what], 0);
  return { tokens: sum('tokens'), patches: sum('patches'), pairs: sum('pairs') };
}

/** Of one picture; where its size is not known (null), the most that the processor makes of any. */
export function pictureCost(rules: PictureRules, size: PictureSize | null): PictureCost {
  switch (rules.kind) {
    case 'fixed':
      return ofTiles(rules.tokens, rules.tiles, rules.patches);
    case 'cross_attention':
      return ofTiles(1, rules.tiles, rules.patches);
    case 'area': {
      const merged = rules.merge ** 2;
      const most = Math.floor(rules.max_pixels / rules.frames / (rules.patch ** 2 * merged)) * merged;
      const patches = size ? areaPatches(rules, size) : most;
      return ofTiles(patches / merged, 1, patches);
    }
    case 'budget': {
      const tokens = size ? budgetTokens(rules, size) : rules.max_tokens;
      // Its tower gets as many patches of any picture: padded. A mark before and one behind.
      return ofTiles(tokens + 2, 1, rules.max_tokens * rules.pool ** 2);
    }
    case 'longest_side': {
      const most = Math.ceil(rules.side / (rules.patch * rules.merge));
      const { rows, columns } = size ? longestSideGrid(rules, size) : { rows: most, columns: most };
      return ofTiles(rows * (columns + 1), 1, rows * columns * rules.merge ** 2);
    }
    case 'split': {
      const most = Math.ceil(rules.side / rules.tile);
      const { rows, columns } = size ? splitTiles(rules, size) : { rows: most, columns: most };
      // Two marks before each tile, an end of each row of them; three marks around the whole, and a line before it.
      const tiles = rows * (columns * (rules.tokens + 2) + 1) + (rows > 0 ? 1 : 0);
      return ofTiles(tiles + rules.tokens + 3, rows * columns + 1, rules.patches);
    }
    case 'any_resolution': {
      const { tokens, tiles } = size ? anyResolution(rules, size) : anyResolutionMost(rules);
      return ofTiles(tokens, tiles, rules.grid ** 2);
    }
    case 'canvas': {
      const tiles = size ? canvasTiles(rules, size) : rules.max_tiles;
      const all = tiles > 1 ? tiles + 1 : 1;
      return ofTiles(all * rules.tokens + 2, all, rules.patches);
    }
    case 'unknown': {
      const merged = (length: number): number => Math.ceil(length / (rules.patch * rules.merge));
      const tokens = size ? Math.max(rules.least, merged(size.width) * merged(size.height)) : UNKNOWN_TOKENS;
      return ofTiles(tokens, 1, tokens * rules.merge ** 2);
    }
  }
}

/** `patches`: of one tile. */
const ofTiles = (tokens: number, tiles: number, patches: number): PictureCost => ({
  tokens,
  patches: tiles * patches,
  pairs: tiles * patches ** 2,
});
