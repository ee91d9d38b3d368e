import type { PictureStatistics } from '../report.ts';
import { TokenCounter, tokensOfText } from '../tokens.ts';
import { pictureCost, rowCost } from './cost.ts';
import type { PictureRules } from './rules.ts';
import { pictureSize } from './size.ts';
import type { PictureCost, PictureSize } from './sizes.ts';

/** What was seen so far, as plain data. */
export interface PictureState {
  rows: number;
  per_row: number;
  seen: number;
  unsized: number;
  pixels: number;
  largest: { size: PictureSize; tokens: number } | null;
  /** The most of a row, and the sum of all rows. */
  most: PictureCost;
  sum: PictureCost;
  /** Tokens of the longest text. */
  text: number;
  /** Rows by their length, text and pictures. */
  lengths: ReadonlyMap<number, number>;
}

const NONE: PictureCost = { tokens: 0, patches: 0, pairs: 0 };

/** The pictures of rows, and how long they make them, in constant memory. `rules`: null where no model was named. */
export class PictureCounter {
  readonly #lengths = new TokenCounter();
  #state: Omit<PictureState, 'lengths'> = {
    ...{ rows: 0, per_row: 0, seen: 0, unsized: 0, pixels: 0, largest: null },
    ...{ most: NONE, sum: NONE, text: 0 },
  };

  constructor(private readonly rules: PictureRules | null) {}

  /** `sequences`: of the row, each with all pictures; `characters`: of all of them. */
  add(pictures: readonly unknown[], characters: number, sequences: number, standsFor: number): void {
    const { rules } = this;
    const sizes = pictures.map(pictureSize);
    const cost = rules ? rowCost(rules, sizes) : NONE;
    const text = tokensOfText(characters);
    const sized = sizes.filter((size) => size !== null);
    this.#merge({
      rows: 1,
      per_row: pictures.length,
      seen: pictures.length,
      unsized: sizes.length - sized.length,
      pixels: sized.reduce((sum, { width, height }) => sum + width * height, 0),
      largest: sized
        .map((size) => ({ size, tokens: rules ? pictureCost(rules, size).tokens : 0 }))
        .reduce<PictureState['largest']>(larger, null),
      most: cost,
      sum: cost,
      text,
    });
    this.#lengths.addTokens(text + sequences * cost.tokens, standsFor);
  }

  state(): PictureState {
    return { ...this.#state, lengths: this.#lengths.state() };
  }

  merge({ lengths, ...state }: PictureState): void {
    this.#merge(state);
    this.#lengths.merge(lengths);
  }

  #merge(more: Omit<PictureState, 'lengths'>): void {
    const { rows, per_row, seen, unsized, pixels, largest, most, sum, text } = this.#state;
    this.#state = {
      rows: rows + more.rows,
      per_row: Math.max(per_row, more.per_row),
      seen: seen + more.seen,
      unsized: unsized + more.unsized,
      pixels: pixels + more.pixels,
      largest: larger(largest, more.largest),
      most: each(most, more.most, Math.max),
      sum: each(sum, more.sum, (a, b) => a + b),
      text: Math.max(text, more.text),
    };
  }

  /** `scale`: rows of the split for each row seen. Undefined where no row was counted. */
  statistics(scale: number): PictureStatistics | undefined {
    const { rows, per_row, seen, unsized, pixels, largest, most, sum, text } = this.#state;
    const lengths = this.#lengths.statistics(scale);
    if (rows === 0 || !lengths) return undefined;
    const { rules } = this;
    return {
      ...{ per_row, seen, unsized, largest: largest?.size ?? null },
      mean: { pictures: seen / rows, pixels: pixels / rows },
      ...(rules
        ? {
            counted: {
              largest: Math.max(largest?.tokens ?? 0, unsized > 0 ? pictureCost(rules, null).tokens : 0),
              most,
              mean: each(sum, NONE, (all) => all / rows),
              rows: lengths,
              text,
              ...(rules.kind === 'unknown' ? { unknown_processor: rules.name } : {}),
            },
          }
        : {}),
    };
  }
}

/** By tokens, and of those that make the same by pixels. */
function larger(a: PictureState['largest'], b: PictureState['largest']): PictureState['largest'] {
  if (!a || !b) return a ?? b;
  const pixels = ({ size }: { size: PictureSize }): number => size.width * size.height;
  return b.tokens > a.tokens || (b.tokens === a.tokens && pixels(b) > pixels(a)) ? b : a;
}

const each = (a: PictureCost, b: PictureCost, of: (a: number, b: number) => number): PictureCost => ({
  tokens: of(a.tokens, b.tokens),
  patches: of(a.patches, b.patches),
  pairs: of(a.pairs, b.pairs),
});
