import { describe, expect, it } from 'vitest';
import type { TokenStatistics } from '../../../scripts/dataset/report.ts';
import { chooseMaxLength } from '../../../scripts/planner/recipe/lengths.ts';
import { rowLengths, shareLonger } from '../../../scripts/planner/recipe/padding.ts';
import { work } from '../support.ts';

const tokens = (p50: number, p95: number, max: number, estimated = true): TokenStatistics => ({
  ...{ total: 950 * p50, mean: p50, p50, p95, max },
  estimated,
});
const chosen = (of: TokenStatistics, maxLength?: number, method: 'sft' | 'reward' = 'sft') =>
  chooseMaxLength(
    work({ method, tokens: of, request: { model: 'm', dataset: 'd', ...(maxLength ? { maxLength } : {}) } }),
  );

describe('the length of a sequence', () => {
  it.each([
    [tokens(450, 480, 492), 1024, 'the longest row has about 492 (estimated)'],
    [tokens(450, 900, 5000, false), 1024, '95 of 100 rows have at most 900; the longest, 5000, is cut'],
    [
      tokens(60_000, 90_000, 110_000),
      32_768,
      'the longest that is planned; half of the rows have 60000 or more (estimated): longer ones are cut',
    ],
    [
      tokens(9000, 50_000, 110_000, false),
      32_768,
      'the longest that is planned; one row in twenty has 50000 or more: longer ones are cut',
    ],
  ])('%j: %d', (of, length, because) =>
    expect(chosen(of)).toEqual({ length, what: `sequences up to ${length} tokens`, because }),
  );

  it('is the most that the model reads, where rows are longer', () => {
    const facts = { ...work().facts, max_length: 2048 };
    expect(chooseMaxLength(work({ facts, tokens: tokens(4000, 5000, 6000) }))).toMatchObject({
      length: 2048,
      because: expect.stringMatching(/^all that the model reads; half of the rows have 4000 or more/),
    });
  });

  it('tells of a reward model that long rows are left out', () => {
    expect(chosen(tokens(450, 900, 5000, false), undefined, 'reward').because).toMatch(/, is left out$/);
  });

  it.each([1, 4, 8, 31])('of %d tokens is refused', (length) => {
    expect(() => chosen(tokens(450, 480, 492), length)).toThrow(
      expect.objectContaining({
        code: 'length_too_short',
        exitCode: 2,
        hint: expect.stringMatching(/^Give --max-length 32/),
      }),
    );
    expect(() => chosen(tokens(450, 480, 492, false), length)).toThrow(/the marks of a chat template alone/);
  });

  it('of a reward model is refused where nearly no row is left', () => {
    expect(() => chosen(tokens(450, 480, 492), 64, 'reward')).toThrow(/half of them have 225 tokens .* left out/);
    expect(chosen(tokens(450, 900, 5000, false), 512, 'reward').length).toBe(512);
  });

  it('says of rows that may be too long, by an estimate, what is known of them', () => {
    const { because } = chosen(tokens(29_000, 31_000, 70_000));
    expect(because).toMatch(/one row in twenty has 31000 or more \(estimated\)/);
  });

  it('is taken as it is asked for, from 32 tokens on or where the rows were counted and fit', () => {
    expect(chosen(tokens(450, 480, 492), 32).length).toBe(32);
    expect(chosen(tokens(9, 12, 16, false), 16).length).toBe(16);
    expect(chosen(tokens(2, 2, 2), 16).length).toBe(16);
    expect(() => chosen(tokens(9, 12, 16), 16)).toThrow(/--max-length 16/);
  });
});

describe('the share of rows that are longer', () => {
  const lengths = tokens(400, 800, 1000);
  it.each([
    [1000, 0, 0],
    [999, 0.001, 0.01],
    [800, 0.04, 0.06],
    [400, 0.48, 0.52],
    [1, 0.97, 1],
  ])('than %d', (length, least, most) => {
    const share = shareLonger(lengths, length);
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
  });

  it('is that of the rows themselves', () => {
    const rows = rowLengths(lengths, 10_000);
    const longer = rows.filter((row) => row > 600).length / rows.length;
    expect(shareLonger(lengths, 600)).toBeCloseTo(longer, 2);
  });
});
