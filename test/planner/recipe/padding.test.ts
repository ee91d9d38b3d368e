import { describe, expect, it } from 'vitest';
import { paddedTokens } from '../../../scripts/planner/recipe/padding.ts';

/** Lengths of 10,000 rows, long-tailed like chat data, and what is known of them. */
function rows(seed: number, spread: number) {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const lengths = Array.from({ length: 10_000 }, () => Math.round(400 * Math.exp(spread * normal())));
  const sorted = [...lengths].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const mean = lengths.reduce((sum, one) => sum + one, 0) / lengths.length;
  return { lengths, random, known: { mean, p50: at(0.5), p95: at(0.95), max: at(1) } };
}

describe('paddedTokens', () => {
  it.each([
    [0.2, 1],
    [0.2, 4],
    [0.2, 16],
    [0.6, 1],
    [0.6, 2],
    [0.6, 4],
    [0.6, 16],
    [1, 1],
    [1, 8],
  ])('is what random batches come to: spread %f, %i in a batch', (spread, sequences) => {
    const { lengths, random, known } = rows(7, spread);
    const limit = 2048;
    let sum = 0;
    for (let batch = 0; batch < 20_000; batch += 1) {
      let longest = 0;
      for (let i = 0; i < sequences; i += 1) {
        longest = Math.max(longest, lengths[Math.floor(random() * lengths.length)] ?? 0);
      }
      sum += Math.min(limit, longest);
    }
    const ratio = paddedTokens(known, sequences, limit) / (sum / 20_000);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.2);
  });

  it.each([
    ['all of one length', { mean: 300, p50: 300, p95: 300, max: 300 }, 8, 1024, 300],
    ['cut', { mean: 3000, p50: 3000, p95: 3000, max: 3000 }, 8, 1024, 1024],
    ['alone in a batch: the mean', { mean: 500, p50: 450, p95: 900, max: 1000 }, 1, 1024, 500],
  ] as const)('%s', (_, known, sequences, limit, expected) => {
    expect(paddedTokens(known, sequences, limit)).toBeCloseTo(expected, -1);
  });

  it('grows with the batch and never exceeds what there is', () => {
    const known = { mean: 500, p50: 450, p95: 900, max: 1000 };
    const padded = [1, 2, 4, 8, 16].map((sequences) => paddedTokens(known, sequences, 1024));
    expect(padded).toEqual([...padded].sort((a, b) => a - b));
    expect(padded.at(-1)).toBeLessThanOrEqual(1000);
  });
});
