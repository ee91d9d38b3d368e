import { describe, expect, it } from 'vitest';
import { SNAPSHOT } from '../../../scripts/planner/hardware/snapshot.ts';
import { longRun } from '../../../scripts/planner/search/long-run.ts';

const [flavor] = SNAPSHOT.flavors;
const days = (count: number): string[] => {
  if (!flavor) throw new Error('no flavor');
  return longRun({ seconds: count * 24 * 3600, flavor });
};

describe('a run of days', () => {
  it('is nothing to say of up to one', () => expect(days(1)).toEqual([]));

  it.each([
    [37 / 24, '1\\.5'],
    [24, '24'],
  ])('is doubted with what shortens it: %d', (count, said) =>
    expect(days(count)).toEqual([
      expect.stringMatching(`^the run takes ${said} days on \\S+: fewer --examples, --epochs`),
    ]),
  );

  it.each([
    [31, /would take 31 days/],
    [41_234_567, /would take 41,000,000 days/],
  ])('is refused at %s', (count, words) => expect(() => days(count)).toThrow(words));
});
