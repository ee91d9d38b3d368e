import { describe, expect, it } from 'vitest';
import { applyMapping, checkMapping, parseMapping } from '../../scripts/dataset/mapping.ts';
import { mappingFlags } from '../../scripts/plan/mapping.ts';

const parsed = (...flags: string[]) => parseMapping(flags)?.columns.map(({ to, from }) => [to, from]) ?? null;

describe('--map', () => {
  it.each([
    [[], null],
    [['a=b'], [['a', 'b']]],
    [
      ['prompt=q', 'completion=a'],
      [
        ['prompt', 'q'],
        ['completion', 'a'],
      ],
    ],
    [['a=b=c'], [['a', 'b=c']]],
    [['a= b '], [['a', ' b ']]],
    [
      ['a=b', 'c=b'],
      [
        ['a', 'b'],
        ['c', 'b'],
      ],
    ],
  ])('%j', (flags, columns) => expect(parsed(...flags)).toEqual(columns));

  it.each([
    [['a'], 'bad_map'],
    [['=b'], 'bad_map'],
    [['a='], 'bad_map'],
    [['a=b', 'a=c'], 'duplicate_map'],
  ])('%j is refused', (flags, code) =>
    expect(() => parsed(...flags)).toThrow(expect.objectContaining({ code, kind: 'usage' })),
  );

  it('names the columns where one is unknown, escaped', () => {
    const columns = [
      { name: 'a\u001b[2J', type: 'string' },
      { name: 'b', type: 'string' },
    ];
    const mapping = { columns: [{ to: 'text', from: 'c' }] };
    expect(() => checkMapping(mapping, columns)).toThrow(
      expect.objectContaining({ code: 'unknown_column', hint: 'Its columns: a\\x1b[2J, b' }),
    );
  });
});

describe('a mapped row', () => {
  it.each([
    [{ q: 'x', other: 1 }, [['prompt', 'q']], { prompt: 'x' }],
    [
      { a: 1, b: 2 },
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      { a: 2, b: 1 },
    ],
    [
      { a: 1 },
      [
        ['a', 'a'],
        ['copy', 'a'],
      ],
      { a: 1, copy: 1 },
    ],
    [{}, [['text', 'gone']], { text: null }],
    [JSON.parse('{"__proto__": "x"}'), [['text', '__proto__']], { text: 'x' }],
  ])('%j through %j', (row, pairs, mapped) => {
    const mapping = { columns: pairs.map(([to = '', from = '']) => ({ to, from })) };
    expect(applyMapping(row, mapping)).toEqual(mapped);
    expect(mappingFlags(mapping)).toMatch(/^--map /);
  });
});
