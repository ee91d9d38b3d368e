import { parseTerm, type Term } from './call-syntax.ts';
import { type Scalar, Value } from './value.ts';
import { BY, CALL, OPS } from './value-text.ts';

/** Throws SyntaxError for a call that is none. Anything else is the name of a column. */
export function parseValue(text: string): Value {
  const value = CALL.test(text) ? meaning(parseTerm(text)) : text;
  const checked = Value.safeParse(value);
  if (!checked.success) throw new SyntaxError(checked.error.issues[0]?.message ?? 'not understood');
  return checked.data;
}

/** What the arguments make; the schema says whether it is a value. */
function meaning(term: Term): unknown {
  if ('word' in term) return term.word;
  if ('scalar' in term) return { op: 'const', value: term.scalar };
  const { call: op, args } = term;
  if (op !== 'column' && op !== 'const' && !OPS.includes(op)) throw new SyntaxError(`there is no ${op}(...)`);
  const unkeyed = args.filter(({ key }) => key === null).map(({ value }) => value);
  const named = args.flatMap(({ key, value }) => (key ? [{ key: nameOf(key), value }] : []));
  const [first, second, third] = unkeyed;
  const count = (wanted: number, keys = named.length === 0): void => {
    if (unkeyed.length !== wanted || !keys) throw new SyntaxError(`${op}(...) takes other arguments`);
  };
  const of = first && meaning(first);
  switch (op) {
    case 'column':
      count(1);
      return first && nameOf(first);
    case 'const':
      count(1);
      return of;
    case 'get':
      count(2);
      return { op, of, key: second && nameOf(second) };
    case 'pick':
      count(2);
      return { op, of, by: second && meaning(second) };
    case 'slice':
      count(third ? 3 : 2);
      return { op, of, start: second && nameOf(second), end: third ? nameOf(third) : null };
    case 'join': {
      count(unkeyed.length, named.length === 0 || (named.length === 1 && named[0]?.key === 'by'));
      return { op, parts: unkeyed.map(meaning), by: named[0] ? nameOf(named[0].value) : BY };
    }
    case 'after':
      count(2);
      return { op, of, marker: second && nameOf(second) };
    case 'choose':
      count(1, true);
      return { op, by: of, cases: named.map(({ key, value }) => ({ is: key, value: meaning(value) })) };
    case 'greater':
      count(2);
      return { op, a: of, b: second && meaning(second) };
    case 'chat':
      return {
        op,
        turns: args.map(({ key, value }) =>
          key ? { role: nameOf(key), content: meaning(value) } : { turns: meaning(value) },
        ),
      };
    case 'turns':
      count(3, true);
      return {
        op,
        of,
        role: second && nameOf(second),
        content: third && nameOf(third),
        roles: named.map(({ key, value }) => ({ is: key, role: nameOf(value) })),
      };
    case 'pairs':
      count(3);
      return { op, of, user: second && nameOf(second), assistant: third && nameOf(third) };
    case 'dialogue':
      count(1, true);
      return { op, of, speakers: named.map(({ key, value }) => ({ marker: key, role: nameOf(value) })) };
    default:
      count(1);
      return { op, of };
  }
}

/** A word or a scalar where a name, a number or a text is meant, not a value. */
function nameOf(term: Term): Scalar {
  if ('call' in term) throw new SyntaxError(`${term.call}(...) stands where a name is meant`);
  return 'word' in term ? term.word : term.scalar;
}
