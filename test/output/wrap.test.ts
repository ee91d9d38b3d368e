import { describe, expect, it } from 'vitest';
import { wrap } from '../../scripts/output/wrap.ts';

describe('a long line', () => {
  it.each<[string, string, string[]]>([
    ['is left alone where it fits', 'one two three, four', ['one two three, four']],
    ['is broken between words', 'one two three four five', ['one two three four', '  five']],
    ['is broken behind a mark that is near', 'one two, three; four five', ['one two, three;', '  four five']],
    ['is broken behind the stronger of two', 'one two threes; a, bcd', ['one two threes;', '  a, bcd']],
    ['is not broken far before its end', 'one; two three four five', ['one; two three four', '  five']],
    ['keeps a word that is longer', 'see /a/very/long/path/to/it now', ['see', '  /a/very/long/path/to/it', '  now']],
    ['goes on as often as it takes', 'a bb ccc dddd eeeee ffffff ggggggg', ['a bb ccc dddd eeeee', '  ffffff ggggggg']],
    ['is broken at no space that it lacks', 'x'.repeat(50), ['x'.repeat(50)]],
    ['may be empty', '', ['']],
  ])('%s', (_, text, lines) => expect(wrap(text, 20)).toEqual(lines));

  it('loses nothing, and nothing of it is wider than asked for', () => {
    const text = Array.from({ length: 200 }, (_, at) => `${'w'.repeat(1 + ((at * 7) % 13))}${at % 5 ? '' : ','}`).join(
      ' ',
    );
    for (const width of [20, 33, 98]) {
      const lines = wrap(text, width);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
      expect(lines.map((line) => line.trim()).join(' ')).toBe(text);
    }
  });
});
