import { describe, expect, it } from 'vitest';
import { longRows } from '../../scripts/commands/long-rows.ts';
import type { TokenStatistics } from '../../scripts/dataset/report.ts';
import { work } from '../planner/support.ts';

const TOKENS: TokenStatistics = { total: 332_500, mean: 350, p50: 350, p95: 480, max: 492, estimated: true };
type Parts = Parameters<typeof work>[0];
const said = (length: number, parts: Parts = {}) => longRows(work({ tokens: TOKENS, ...parts }), length);
const LENGTHS = 'half of them have 350 tokens or more, the longest has 492 (estimated)';

describe('rows above the length', () => {
  it.each([
    [128, 'nearly all rows are cut'],
    [300, 'most rows are cut'],
    [350, 'about half of the rows are cut'],
    [440, 'some of the rows are cut'],
    [485, 'fewer than one row in twenty is cut'],
  ])('are told in words at %d where none were counted', (length, words) =>
    expect(said(length)).toEqual([`at max_length ${length} ${words}: ${LENGTHS}`]),
  );

  it('are counted where the tokenizer counted them', () => {
    const by_length = [{ max_length: 64, truncated_share: 0.1, dropped_share: 0 }];
    const tokens = { ...TOKENS, estimated: false, by_length };
    expect(said(64, { tokens })).toEqual(['at max_length 64 10% of the rows are cut']);
    expect(said(128, { tokens })).toEqual([expect.stringMatching(/nearly all rows are cut: .* has 492$/)]);
  });

  it('of a pair are halves of it where both were estimated together', () => {
    const dpo: Parts = { method: 'dpo' };
    expect(said(250, dpo)).toEqual([]);
    expect(said(100, dpo)).toEqual([expect.stringMatching(/nearly all rows are cut: half of them have 175 tokens/)]);
    expect(said(100, { method: 'reward' })).toEqual([expect.stringMatching(/nearly all rows are left out/)]);
  });

  it.each<[string, number, Parts]>([
    ['that fit', 492, {}],
    ['with pictures', 128, { report: { ...work().report, vision: true } }],
    ['that are answered', 128, { method: 'grpo' }],
    [
      'that are packed in one stream',
      128,
      { request: { model: 'm', dataset: 'd', set: { packing: true, packing_strategy: 'wrapped' } } },
    ],
  ])('are not those %s', (_, length, parts) => expect(said(length, parts)).toEqual([]));
});
