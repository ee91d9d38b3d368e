import type { TokenStatistics } from '../../dataset/report.ts';

export type Lengths = Pick<TokenStatistics, 'mean' | 'p50' | 'p95' | 'max'>;

/**
 * Tokens that a sequence takes in a padded batch of `sequences` rows drawn at random: all get the length of the
 * longest, cut at `max_length`. The longest of n rows lies at the share u^(1/n) of all, for u uniform.
 */
export function paddedTokens(lengths: Lengths, sequences: number, max_length: number): number {
  const least = leastLength(lengths);
  return average((u) => Math.min(max_length, lengthAt(u ** (1 / sequences), lengths, least)));
}

/** Lengths of so many rows that are spread as all of them are. */
export function rowLengths(lengths: Lengths, rows: number): number[] {
  const least = leastLength(lengths);
  return Array.from({ length: rows }, (_, at) => lengthAt((at + 0.5) / rows, lengths, least));
}

/** The share of the rows, 0 to 1, that are longer than this. */
export function shareLonger(lengths: Lengths, length: number): number {
  if (lengths.max <= length) return 0;
  const longer = rowLengths(lengths, GRAINS).filter((each) => each > length).length;
  return Math.max(1, longer) / GRAINS;
}
const GRAINS = 1000;

/** The average of a function over 0 to 1, by the middles of equal parts. */
const PARTS = 40;
function average(f: (share: number) => number): number {
  let sum = 0;
  for (let i = 0; i < PARTS; i += 1) sum += f((i + 0.5) / PARTS);
  return sum / PARTS;
}

/**
 * The length that this share of all rows doesn't exceed. Known at 0.5, 0.95 and 1; between them it grows as lengths
 * with a long tail do (logarithms normally distributed: the exponents fit spreads of 0.2 to 1), below half on a line.
 */
function lengthAt(share: number, { p50, p95, max }: Lengths, least: number): number {
  if (share <= 0.5) return least + (share / 0.5) * (p50 - least);
  if (share <= 0.95) return between(p50, p95, ((share - 0.5) / 0.45) ** 1.5);
  return between(p95, Math.max(p95, max), ((share - 0.95) / 0.05) ** 4);
}

const between = (low: number, high: number, part: number): number =>
  Math.max(1, low) * (high / Math.max(1, low)) ** part;

/** The least length, where it gives the mean that was counted. */
function leastLength(lengths: Lengths): number {
  const upper = average((u) => lengthAt(0.5 + u / 2, lengths, 0));
  return Math.min(lengths.p50, Math.max(1, 4 * lengths.mean - 2 * upper - lengths.p50));
}
