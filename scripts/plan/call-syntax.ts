/**
 * The text form of nested calls: `join(instruction, "text", by: "\n")`. Words stand for names; texts, numbers,
 * true and false are JSON's. An argument may carry a key.
 */
export type Term = { word: string } | { scalar: string | number | boolean } | { call: string; args: Argument[] };
export interface Argument {
  key: Exclude<Term, { call: string }> | null;
  value: Term;
}

const WORD = /[\p{L}_][\p{L}\p{M}\p{N}_.-]*/u;
const SCALAR = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/s;
const TOKEN = new RegExp(`\\s*(?:(${WORD.source})|(${SCALAR.source})|([(),:]))`, 'uy');
const MAX_DEPTH = 20;

export const word = (text: string): Term => (isWord(text) ? { word: text } : { scalar: text });

export const isWord = (text: string): boolean =>
  new RegExp(`^${WORD.source}$`, 'u').test(text) && text !== 'true' && text !== 'false';

export function termText(term: Term): string {
  if ('word' in term) return term.word;
  if ('scalar' in term) return typeof term.scalar === 'string' ? quoted(term.scalar) : String(term.scalar);
  const args = term.args.map(({ key, value }) => `${key ? `${termText(key)}: ` : ''}${termText(value)}`);
  return `${term.call}(${args.join(', ')})`;
}

/** A JSON string of visible characters only. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}/gu, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** Throws SyntaxError, which says where. */
export function parseTerm(text: string): Term {
  const tokens = tokenize(text);
  let at = 0;
  const next = (): Token => tokens[at] ?? { mark: 'the end', at: text.length };
  const is = (mark: string): boolean => {
    const token = next();
    return 'mark' in token && token.mark === mark;
  };
  const expect = (mark: string): void => {
    if (!is(mark)) throw wrong(`"${mark}"`, next());
    at += 1;
  };

  const term = (depth: number): Term => {
    const token = next();
    if ('mark' in token || depth > MAX_DEPTH) throw wrong(depth > MAX_DEPTH ? 'less depth' : 'a value', token);
    at += 1;
    if (!('word' in token.term) || !is('(')) return token.term;
    const args: Argument[] = [];
    at += 1;
    while (!is(')')) {
      if (args.length > 0) expect(',');
      args.push(argument(depth + 1));
    }
    at += 1;
    return { call: token.term.word, args };
  };
  const argument = (depth: number): Argument => {
    const key = term(depth);
    if (!is(':') || 'call' in key) return { key: null, value: key };
    at += 1;
    return { key, value: term(depth) };
  };

  const parsed = term(0);
  if (at < tokens.length) throw wrong('the end', next());
  return parsed;
}

type Token = { at: number } & ({ mark: string } | { term: Exclude<Term, { call: string }> });

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const [, name, scalar, mark] = TOKEN.exec(text) ?? [];
    if (name !== undefined) tokens.push({ at, term: named(name) });
    else if (scalar !== undefined) tokens.push({ at, term: { scalar: scalarOf(scalar, at) } });
    else if (mark !== undefined) tokens.push({ at, mark });
    else throw new SyntaxError(`not understood from character ${at + 1} on`);
  }
  return tokens;
}

const named = (name: string): { word: string } | { scalar: boolean } =>
  name === 'true' || name === 'false' ? { scalar: name === 'true' } : { word: name };

function scalarOf(text: string, at: number): string | number {
  try {
    const value: string | number = JSON.parse(text);
    return value === 0 ? 0 : value; // -0 is written as 0 in a plan
  } catch {
    throw new SyntaxError(`no JSON value at character ${at + 1}`);
  }
}

function wrong(expected: string, token: Token): SyntaxError {
  return new SyntaxError(`${expected} expected at character ${token.at + 1}`);
}
