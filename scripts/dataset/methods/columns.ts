import { fails, type Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';

/** Columns by one of which TRL tells conversations from text: whichever a Python set hands out first. */
const TELLING = ['prompt', 'completion', 'chosen', 'rejected', 'messages'];

const MISTAKEN = "AttributeError: 'list' object has no attribute 'endswith'";

export const hasPrompt = (kinds: ColumnKinds): boolean => kinds.has('prompt');

/** Whether the columns that a trainer reads hold conversations or text, all alike and none other beside them. */
export function conversationalOr(
  kinds: ColumnKinds,
  own: readonly string[],
): { conversational: boolean } | { problem: Problem } {
  const from = own.find((name) => kinds.get(name) === 'from_value');
  if (from !== undefined) return { problem: fromValueColumn(from) };
  const conversational = own.some((name) => kinds.get(name) === 'messages');
  const wanted = conversational ? 'messages' : 'text';
  const odd = own.find((name) => kinds.get(name) !== wanted && kinds.get(name) !== 'null');
  if (odd !== undefined) return { problem: oddColumn(odd, kinds.get(odd) === 'text', conversational) };
  const stray = TELLING.find(
    (name) => !own.includes(name) && kinds.has(name) && (kinds.get(name) === 'messages') !== conversational,
  );
  return stray === undefined ? { conversational } : { problem: strayColumn(stray, own) };
}

function fromValueColumn(column: string): Problem {
  return fails(
    'from_value',
    `\`${column}\` holds messages as {from, value}, which TRL doesn't read: it stops. Needed: a list of {role: "user"|"assistant", content}.`,
  );
}

function oddColumn(column: string, isText: boolean, conversational: boolean): Problem {
  if (conversational && isText) {
    return fails(
      `text_${column}`,
      `\`${column}\` is text where the other columns are messages: TRL stops.`,
      'map',
      'TypeError: can only concatenate str (not "list") to str',
    );
  }
  const wanted = conversational ? 'a list of messages {role, content}' : 'text';
  return fails('not_text', `\`${column}\` is not ${wanted}: TRL stops while it prepares the rows.`, 'map');
}

function strayColumn(column: string, own: readonly string[]): Problem {
  const beside = own.map((name) => `\`${name}\``).join(' and ');
  return fails(
    'stray_column',
    `Has \`${column}\` beside ${beside}, one as messages and one not: TRL looks at any one of them to tell conversations from text, another in each process, and stops where it looked at the wrong one.`,
    undefined,
    MISTAKEN,
  );
}

export function missingColumns(kinds: ColumnKinds, names: readonly string[]): Problem | null {
  const missing = names.filter((name) => !kinds.has(name));
  if (missing.length === 0) return null;
  const words = missing.map((name) => `\`${name}\``).join(' and ');
  const message = `Missing ${words}: TRL stops.`;
  return kinds.size === 0 ? noColumns(message) : fails('missing_columns', message, 'map', `KeyError: '${missing[0]}'`);
}

/** Rows without any column are no rows. */
export const noColumns = (message: string): Problem => fails('missing_columns', message, 'init', 'StopIteration');

export function present<T>(items: readonly (T | null)[]): T[] {
  return items.filter((item) => item !== null);
}
