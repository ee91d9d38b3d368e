import { type Argument, isWord, type Term, termText, word } from './call-syntax.ts';
import type { Expression, Scalar, Value } from './value.ts';

/**
 * A value as a person reads and writes it behind `--map new=`: the column's name, or calls over columns such as
 * `join(instruction, input)`. value-parse.ts reads it back as it was.
 */
export function valueText(value: Value): string {
  if (typeof value !== 'string') return termText(termOf(value));
  return CALL.test(value) || !VISIBLE.test(value) ? termText(columnCall(value)) : value;
}

/** What `join` puts between its parts where it isn't said. */
export const BY = '\n\n';
export const OPS: readonly string[] = [
  'get',
  'pick',
  'slice',
  'join',
  'lettered',
  'after',
  'json',
  'choose',
  'greater',
  'chat',
  'turns',
  'pairs',
  'alternating',
  'dialogue',
] satisfies Expression['op'][];
/** A constant needs no call inside others; alone it would be the name of a column. */
export const CALL = new RegExp(`^\\s*(?:${[...OPS, 'const', 'column'].join('|')})\\(`);
const VISIBLE = /^(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}\p{P}\p{S} ])+$/u;

const plain = (value: Term): Argument => ({ key: null, value });
const keyed = (key: Scalar, value: Term): Argument => ({
  key: typeof key === 'string' && isWord(key) ? { word: key } : { scalar: key },
  value,
});
const columnCall = (name: string): Term => ({ call: 'column', args: [plain({ scalar: name })] });
const keyTerm = (key: string | number): Term => (typeof key === 'number' ? { scalar: key } : word(key));

function inner(value: Value): Term {
  if (typeof value === 'string') return isWord(value) ? { word: value } : columnCall(value);
  return value.op === 'const' ? { scalar: value.value } : termOf(value);
}

function termOf(expression: Expression): Term {
  return { call: expression.op, args: argumentsOf(expression) };
}

function argumentsOf(expression: Expression): Argument[] {
  switch (expression.op) {
    case 'const':
      return [plain({ scalar: expression.value })];
    case 'greater':
      return [expression.a, expression.b].map((value) => plain(inner(value)));
    case 'join': {
      const by = expression.by === BY ? [] : [keyed('by', { scalar: expression.by })];
      return [...expression.parts.map((part) => plain(inner(part))), ...by];
    }
    case 'choose':
      return [plain(inner(expression.by)), ...expression.cases.map(({ is, value }) => keyed(is, inner(value)))];
    case 'chat':
      return expression.turns.map((turn) =>
        'role' in turn ? keyed(turn.role, inner(turn.content)) : plain(inner(turn.turns)),
      );
    default:
      return [plain(inner(expression.of)), ...otherArguments(expression)];
  }
}

function otherArguments(expression: Expression & { of: Value }): Argument[] {
  switch (expression.op) {
    case 'get':
      return [plain(keyTerm(expression.key))];
    case 'pick':
      return [plain(inner(expression.by))];
    case 'slice':
      return [expression.start, ...(expression.end === null ? [] : [expression.end])].map((n) => plain({ scalar: n }));
    case 'after':
      return [plain({ scalar: expression.marker })];
    case 'turns':
      return [
        plain(word(expression.role)),
        plain(word(expression.content)),
        ...expression.roles.map(({ is, role }) => keyed(is, word(role))),
      ];
    case 'pairs':
      return [plain(keyTerm(expression.user)), plain(keyTerm(expression.assistant))];
    case 'dialogue':
      return expression.speakers.map(({ marker, role }) => ({ key: { scalar: marker }, value: word(role) }));
    default:
      return [];
  }
}
