import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMapping, checkMapping, parseMapping } from '../../scripts/dataset/mapping.ts';
import { UNSEEN } from '../../scripts/dataset/rows.ts';
import { Mapping, mappingFlags, mappingWords } from '../../scripts/plan/mapping.ts';
import type { Value } from '../../scripts/plan/value.ts';
import { EVERY_EXPRESSION } from '../support/every-expression.ts';
import { mappings, rows } from '../support/mappings.ts';

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
    [['a=join(b'], 'bad_map'],
    [['a=join(b) c'], 'bad_map'],
    [['a=join()'], 'bad_map'],
    [['a=get(b)'], 'bad_map'],
    [['a=get(b, 1.5)'], 'bad_map'],
    [['a=slice(b, c)'], 'bad_map'],
    [['a=after(b, "\\ud800")'], 'bad_map'],
    [['a=join(b, "\\x")'], 'bad_map'],
    [['a=join(b, sep: "x")'], 'bad_map'],
    [['a=join(eval(b))'], 'bad_map'],
    [['a=turns(b, from, value, human: join(c))'], 'bad_map'],
    [[`a=${'get('.repeat(100)}b${', c)'.repeat(100)}`], 'bad_map'],
  ])('%j is refused', (flags, code) =>
    expect(() => parsed(...flags)).toThrow(expect.objectContaining({ code, kind: 'usage' })),
  );

  it.each([
    ['prompt=join(b', '--map prompt=...: "," expected at character 7 in join(b'],
    ['prompt=join(b) c', '--map prompt=...: the end expected at character 8 in join(b) c'],
    ['prompt=slice(b, c)', /^--map prompt=...: .* in slice\(b, c\)$/],
    ['a=join(eval(b))', '--map a=...: there is no eval(...) in join(eval(b))'],
    ['a', '--map a is not new=old'],
  ])('%s: says for which column, and where', (flag, message) => expect(() => parsed(flag)).toThrow(message));

  it('names the columns where one is unknown, escaped', () => {
    const columns = [
      { name: 'a\u001b[2J', type: 'string' },
      { name: 'b', type: 'string' },
    ];
    const mapping = { columns: [{ to: 'text', from: 'c' }] };
    expect(() => checkMapping(mapping, columns)).toThrow(
      expect.objectContaining({ code: 'unknown_column', hint: 'Its columns: a\\x1b[2J, b.' }),
    );
    expect(() => checkMapping({ columns: [{ to: 'text', from: 'concat(a, b)' }] }, columns)).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/ There is no function concat; there are get, pick, .*join/),
      }),
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

  it('is unseen where what it is made of was cut', () => {
    const mapping = parseMapping(['a=join(x, y)', 'b=y']);
    expect(mapping && applyMapping({ x: UNSEEN, y: 'y' }, mapping)).toEqual({ a: UNSEEN, b: 'y' });
  });
});

const messages = [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: 'a' },
];

describe('an expression', () => {
  it.each<[text: string, row: Record<string, unknown>, made: unknown]>([
    ['join(a, b)', { a: 'x', b: 'y' }, 'x\n\ny'],
    ['join(a, b)', { a: 'x', b: '' }, 'x'],
    ['join(a, b)', { b: 'y' }, 'y'],
    ['join(a, b)', {}, ''],
    ['join(a, b, by: ", ")', { a: ['x', 'y'], b: 5 }, 'x, y, 5'],
    ['join(a)', { a: 2n ** 64n }, '18446744073709551616'],
    ['join(a)', { a: 1.5 }, null],
    ['join(a)', { a: true }, null],
    ['join(a)', { a: [['x']] }, null],
    ['get(a, b)', { a: { b: 1 } }, 1],
    ['get(a, b)', { a: [] }, null],
    ['get(a, toString)', { a: {} }, null],
    ['get(a, -1)', { a: [1, 2] }, 2],
    ['get(a, 2)', { a: [1, 2] }, null],
    ['pick(a, b)', { a: ['x', 'y'], b: 1 }, 'y'],
    ['pick(a, b)', { a: ['x', 'y'], b: -1 }, null],
    ['pick(a, b)', { a: ['x', 'y'], b: '1' }, null],
    ['slice(a, 0, -1)', { a: [1, 2, 3] }, [1, 2]],
    ['slice(a, -0)', { a: [1, 2, 3] }, [1, 2, 3]],
    ['slice(a, -1)', { a: [1, 2, 3] }, [3]],
    ['slice(a, -1)', { a: 'text' }, null],
    ['lettered(a)', { a: ['x', 'y'] }, ['A. x', 'B. y']],
    ['after(a, "####")', { a: 'so 2 #### and #### 5 \n' }, '5'],
    ['after(a, "####")', { a: 'five' }, null],
    ['json(a)', { a: '[1, {"b": null}]' }, [1, { b: null }]],
    ['json(a)', { a: "[{'role': 'user'}]" }, null],
    [
      'json(a)',
      { a: '[12345678901234567890, 1.0, "#12345678901234567890"]' },
      [12345678901234567890n, 1, '#12345678901234567890'],
    ],
    ['json(a)', { a: '["\\ud83d"]' }, null],
    ['json(a)', { a: '["\\ud83d\\ude00", "\\\\ud83d"]' }, ['😀', '\\ud83d']],
    ['choose(a, up: true, "down": false)', { a: 'down' }, false],
    ['choose(a, up: true, "down": false)', { a: 'sideways' }, null],
    ['choose(a, 1: x, 0: y)', { a: 0, x: 'X', y: 'Y' }, 'Y'],
    ['choose(a, 1: x, 0: y)', { a: true, x: 'X', y: 'Y' }, null],
    ['choose(a, 1: x, 0: y)', { a: '1', x: 'X', y: 'Y' }, null],
    ['greater(a, b)', { a: 2, b: 1.5 }, true],
    ['greater(a, 3)', { a: 2n }, false],
    ['greater(a, b)', { a: 1, b: 1 }, null],
    ['greater(a, b)', { a: '2', b: 1 }, null],
    ['chat(system: s, user: q, assistant: a)', { s: '', q: 'q', a: 'a' }, messages],
    ['chat(user: q, assistant: a)', { q: 'q', a: 'a' }, messages],
    ['chat(history, user: q)', { history: messages, q: 'more' }, [...messages, { role: 'user', content: 'more' }]],
    ['chat(history, user: q)', { history: null, q: 'q' }, messages.slice(0, 1)],
    ['chat(history, user: q)', { history: { role: 'user' }, q: 'q' }, null],
    [
      'turns(a, from, value, human: user, gpt: assistant)',
      {
        a: [
          { from: 'human', value: 'q', weight: 1 },
          { from: 'gpt', value: 'a' },
        ],
      },
      messages,
    ],
    ['turns(a, from, value)', { a: [{ from: 'tool' }] }, [{ role: 'tool', content: null }]],
    ['turns(a, from, value)', { a: ['text'] }, null],
    ['pairs(a, input, output)', { a: [{ input: 'q', output: 'a' }] }, messages],
    ['pairs(a, 0, 1)', { a: [['q', 'a']] }, messages],
    ['alternating(a)', { a: ['q', 'a'] }, messages],
    ['dialogue(a, "\\n\\nH:": user, "\\n\\nA:": assistant)', { a: '\n\nH: q\n\nA: a' }, messages],
    ['dialogue(a, "H:": user, "A:": assistant)', { a: 'Once: H: q A: a' }, null],
    ['dialogue(a, "H:": user, "A:": assistant)', { a: 'nobody speaks' }, null],
    ['column("a(b)")', { 'a(b)': 'x' }, 'x'],
    ['const("x")', {}, 'x'],
  ])('%s of %o', (text, row, made) => {
    const mapping = parseMapping([`to=${text}`]);
    expect(mapping && applyMapping(row, mapping)).toEqual({ to: made });
  });

  it.each(EVERY_EXPRESSION)('%s is printed as it is written', (flag) => {
    const mapping = parseMapping([flag]);
    expect(mapping && mappingWords(mapping)).toEqual([flag]);
  });

  it('is read back as it was printed, and a plan holds it', () => {
    fc.assert(
      fc.property(mappings, (mapping) => {
        expect(parseMapping(mappingWords(mapping).filter((word) => !/^\s/.test(word)))?.columns ?? []).toEqual(
          mapping.columns.filter(({ to }) => !/^\s/.test(to)),
        );
        expect(Mapping.parse(JSON.parse(JSON.stringify(mapping)))).toEqual(mapping);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('never throws and never gives undefined, whatever the row', () => {
    fc.assert(
      fc.property(mappings, rows, (mapping, row) => {
        for (const cell of Object.values(applyMapping(row, mapping))) expect(cell).not.toBe(undefined);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it('has a limit to its depth', () => {
    let value: Value = 'a';
    for (let depth = 0; depth < 10_000; depth++) value = { op: 'json', of: value };
    expect(Mapping.safeParse({ columns: [{ to: 'a', from: value }] }).success).toBe(false);
  });
});
