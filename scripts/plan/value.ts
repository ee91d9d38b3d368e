import * as z from 'zod';

/**
 * What a mapping makes of a row: the cell of a column, by its name, or an expression over such values. Every
 * expression has a value for every row: null where the row has not what it asks for.
 */
export type Value = string | Expression;

export type Scalar = string | number | boolean;

export type Expression =
  /** The same in every row. */
  | { op: 'const'; value: Scalar }
  /** A field of an object, an item of a list (from the end where negative). */
  | { op: 'get'; of: Value; key: string | number }
  /** The item of a list whose number, from 0, another value says. */
  | { op: 'pick'; of: Value; by: Value }
  /** Items of a list, numbered as Python does; `end` null: to the last. */
  | { op: 'slice'; of: Value; start: number; end: number | null }
  /** Texts, whole numbers and lists of texts as one text; what is empty or null is left out. */
  | { op: 'join'; parts: Value[]; by: string }
  /** Texts of a list, each with its letter: `A. first`, `B. second`. */
  | { op: 'lettered'; of: Value }
  /** Text behind the last marker, stripped. */
  | { op: 'after'; of: Value; marker: string }
  /** What a JSON text says. */
  | { op: 'json'; of: Value }
  /** The value of the case that `by` is. */
  | { op: 'choose'; by: Value; cases: { is: Scalar; value: Value }[] }
  /** True where `a` is the greater number, false where `b` is; null where neither. */
  | { op: 'greater'; a: Value; b: Value }
  /** Messages from single texts and lists of messages; an empty system message is left out. */
  | { op: 'chat'; turns: ({ role: string; content: Value } | { turns: Value })[] }
  /** Messages whose keys and roles have other names. */
  | { op: 'turns'; of: Value; role: string; content: string; roles: { is: string; role: string }[] }
  /** Messages from exchanges: objects (or lists) that hold a question and its answer. */
  | { op: 'pairs'; of: Value; user: string | number; assistant: string | number }
  /** Messages from a list of texts: the user's first, then by turns. */
  | { op: 'alternating'; of: Value }
  /** Messages from one text in which markers say who speaks. */
  | { op: 'dialogue'; of: Value; speakers: { marker: string; role: string }[] };

/** Levels of JSON; an expression takes one to three. */
const MAX_DEPTH = 32;
const MAX_ITEMS = 100;

const Name = z.string().min(1);
const Key = z.union([Name, z.number().int()]);
/** Text to look for. Half a surrogate pair would match in JavaScript only. */
const Marker = Name.refine((text) => !/\p{Surrogate}/u.test(text), 'half a character');
const ScalarValue = z.union([z.string(), z.number().finite(), z.boolean()]);
const some = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(MAX_ITEMS);
const of = z.lazy(() => AnyValue);

const AnyValue: z.ZodType<Value> = z.union([
  Name,
  z.discriminatedUnion('op', [
    z.strictObject({ op: z.literal('const'), value: ScalarValue }),
    z.strictObject({ op: z.literal('get'), of, key: Key }),
    z.strictObject({ op: z.literal('pick'), of, by: of }),
    z.strictObject({ op: z.literal('slice'), of, start: z.number().int(), end: z.number().int().nullable() }),
    z.strictObject({ op: z.literal('join'), parts: some(of), by: z.string() }),
    z.strictObject({ op: z.literal('lettered'), of }),
    z.strictObject({ op: z.literal('after'), of, marker: Marker }),
    z.strictObject({ op: z.literal('json'), of }),
    z.strictObject({ op: z.literal('choose'), by: of, cases: some(z.strictObject({ is: ScalarValue, value: of })) }),
    z.strictObject({ op: z.literal('greater'), a: of, b: of }),
    z.strictObject({
      op: z.literal('chat'),
      turns: some(z.union([z.strictObject({ role: Name, content: of }), z.strictObject({ turns: of })])),
    }),
    z.strictObject({
      op: z.literal('turns'),
      of,
      role: Name,
      content: Name,
      roles: z.array(z.strictObject({ is: z.string(), role: Name })).max(MAX_ITEMS),
    }),
    z.strictObject({ op: z.literal('pairs'), of, user: Key, assistant: Key }),
    z.strictObject({ op: z.literal('alternating'), of }),
    z.strictObject({
      op: z.literal('dialogue'),
      of,
      speakers: some(z.strictObject({ marker: Marker, role: Name })),
    }),
  ]),
]);

/** Checked before the shape is, which is looked at level by level. */
const Shallow = z.unknown().refine((value) => depth(value) <= MAX_DEPTH, 'nested too deeply');

export const Value: z.ZodType<Value> = Shallow.pipe(AnyValue);

/** The expressions that this one is made of, the direct ones only. */
export function operands(expression: Expression): Value[] {
  switch (expression.op) {
    case 'const':
      return [];
    case 'pick':
      return [expression.of, expression.by];
    case 'join':
      return expression.parts;
    case 'choose':
      return [expression.by, ...expression.cases.map(({ value }) => value)];
    case 'greater':
      return [expression.a, expression.b];
    case 'chat':
      return expression.turns.map((turn) => ('role' in turn ? turn.content : turn.turns));
    default:
      return [expression.of];
  }
}

/** Columns of the dataset that a value is made of, each once. */
export function sourceColumns(value: Value): string[] {
  return typeof value === 'string' ? [value] : [...new Set(operands(value).flatMap(sourceColumns))];
}

/** Levels of lists and objects, as far as they count. */
function depth(value: unknown, level = 0): number {
  if (typeof value !== 'object' || value === null || level > MAX_DEPTH) return level;
  return Math.max(level, ...Object.values(value).map((item) => depth(item, level + 1)));
}
