import { describe, expect, it } from 'vitest';
import { duration, money } from '../../scripts/output/units.ts';

describe('quantities as people read them', () => {
  it.each([
    [45, '45 s'],
    [3600, '1 h 00 min'],
    [71 * 3600, '71 h 00 min'],
    [72 * 3600, '3 days'],
    [100 * 3600 + 100, '4 days 4 h'],
    [1000 * 86_400, '1,000 days'],
  ])('%d seconds: %s', (seconds, words) => expect(duration(seconds)).toBe(words));

  it.each([
    [0, '$0.00'],
    [0.004, 'less than $0.01'],
    [999.5, '$999.50'],
    [43_200, '$43,200.00'],
  ])('%d USD: %s', (usd, words) => expect(money(usd)).toBe(words));
});
