import fc from 'fast-check';
import type { Mapping } from '../../scripts/plan/mapping.ts';
import type { Value } from '../../scripts/plan/value.ts';

/** Names that columns, keys, roles and markers share, so that expressions meet the rows; the last ones are hostile. */
const NAMES = [
  'a',
  'b',
  'from',
  'value',
  'role',
  'content',
  'user',
  'system',
  'human',
  'text',
  'true',
  '__proto__',
  'constructor',
  'it\'s "x"\\',
  '\n# <get>\n',
  '"""',
  '\u202e{row}',
  'join(a)',
];
const TEXTS = [
  '',
  ' ',
  'yes',
  'no',
  '1',
  'Human: hi\nAssistant: ho #### 5 ',
  '#### 1 #### 2',
  '\ud800',
  '😀',
  '\ufeff x\u0085',
];
const JSONS = [
  '[]',
  '{"a": 1.0}',
  '[{"from": "human", "value": "x"}]',
  '[12345678901234567890, -9007199254740993, {"12345678901234567890": "#12345678901234567890"}]',
  '[1234567890123456789.5, 12345678901234567e2, 0.12345678901234567, "\\u002312345678901234567890"]',
  'NaN',
  '[1',
  '{"a": 1, "a": null}',
  '"\\ud83d\\ude00"',
  '["\\ud83d", "\\\\ud83d"]',
  '{"\\uDE00": "x"}',
  '"\\\\ud83d"',
  '"\ud83d"',
  ' [true, -0, 1e3]',
];

const name = fc.constantFrom(...NAMES);
const text = fc.oneof(fc.constantFrom(...TEXTS, ...JSONS, ...NAMES), fc.string({ unit: 'binary', maxLength: 8 }));
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, 2, -1, 3.5, 1e21, 0.1, 1e-7, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);
const scalar = fc.oneof(text, fc.constantFrom(0, 1, 2, 3.5, -1, 1e21), fc.boolean());

const objects: fc.Arbitrary<unknown> = fc
  .array(fc.tuple(name, fc.oneof(text, number, fc.boolean(), fc.constant(null))), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries));

const cells = fc.letrec<{ cell: unknown }>((tie) => ({
  cell: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'cell' },
    text,
    fc.oneof(number, fc.boolean(), fc.constant(null)),
    fc.array(fc.oneof(tie('cell'), objects), { maxLength: 4 }),
    fc.array(text, { maxLength: 4 }),
    fc.array(fc.record({ from: text, value: text, role: text, content: text }), { maxLength: 4 }),
  ),
}));
/** Names under which a row has, more often than not, what some expression wants. */
const EXPECTED = { texts: 'a', number: 'b', small: 'value', spoken: 'text', pairs: 'user', answer: 'human' } as const;
const expected = fc.record({
  [EXPECTED.texts]: fc.array(text, { maxLength: 4 }),
  [EXPECTED.number]: number,
  [EXPECTED.small]: fc.constantFrom<unknown>(0, 1, 1n, true, '1', 2),
  [EXPECTED.spoken]: fc.constantFrom(...TEXTS, ...JSONS),
  [EXPECTED.pairs]: fc.array(fc.oneof(objects, fc.array(text, { maxLength: 3 })), { maxLength: 3 }),
  [EXPECTED.answer]: scalar,
});

/** A row of a dataset: no key is too strange, no value of the type one would think. */
export const rows: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(fc.array(fc.tuple(name, fc.oneof(cells.cell, objects)), { maxLength: 8 }), fc.option(expected, { freq: 4 }))
  .map(([entries, typical]) => ({ ...Object.fromEntries(entries), ...typical }));

const marker = fc.constantFrom('####', 'Human:', 'Assistant:', '\n', '.*', '[x]', '😀', '$&', ' ');
const key = fc.oneof(name, fc.integer({ min: -3, max: 3 }));

export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => {
  const of = tie('value');
  const near = (column: string) => fc.oneof({ arbitrary: fc.constant(column), weight: 2 }, of);
  const op = <Op extends string>(name: Op) => fc.constant(name);
  const parts = { minLength: 1, maxLength: 3 };
  return {
    value: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'value' },
      { arbitrary: name, weight: 20 },
      fc.record({ op: op('const'), value: scalar }),
      fc.record({ op: op('get'), of, key }),
      fc.record({ op: op('pick'), of: near(EXPECTED.texts), by: near(EXPECTED.small) }),
      fc.record({
        op: op('slice'),
        of,
        start: fc.integer({ min: -3, max: 3 }),
        end: fc.option(fc.integer({ min: -3, max: 3 })),
      }),
      fc.record({ op: op('join'), parts: fc.array(of, parts), by: fc.constantFrom('\n\n', '', ' ', '"') }),
      fc.record({ op: op('lettered'), of: near(EXPECTED.texts) }),
      fc.record({ op: op('after'), of: near(EXPECTED.spoken), marker }),
      fc.record({ op: op('json'), of: near(EXPECTED.spoken) }),
      fc.record({
        op: op('choose'),
        by: near(EXPECTED.answer),
        cases: fc.array(fc.record({ is: scalar, value: of }), parts),
      }),
      fc.record({ op: op('greater'), a: near(EXPECTED.number), b: near(EXPECTED.small) }),
      fc.record({
        op: op('chat'),
        turns: fc.array(fc.oneof(fc.record({ role: name, content: of }), fc.record({ turns: of })), parts),
      }),
      fc.record({
        op: op('turns'),
        of,
        role: name,
        content: name,
        roles: fc.array(fc.record({ is: text, role: name }), { maxLength: 3 }),
      }),
      fc.record({ op: op('pairs'), of: near(EXPECTED.pairs), user: key, assistant: key }),
      fc.record({ op: op('alternating'), of: near(EXPECTED.texts) }),
      fc.record({
        op: op('dialogue'),
        of: near(EXPECTED.spoken),
        speakers: fc.array(fc.record({ marker, role: name }), parts),
      }),
    ),
  };
}).value;

export const mappings: fc.Arbitrary<Mapping> = fc
  .uniqueArray(fc.record({ to: name, from: values }), { selector: ({ to }) => to, minLength: 1, maxLength: 3 })
  .map((columns) => ({ columns }));

/** JSON as Python reads it: whole numbers of any length, infinities, a zero's sign. */
export function pythonJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  // As Python writes and reads them.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${pythonJson(item)}`)
    .join(',')}}`;
}
