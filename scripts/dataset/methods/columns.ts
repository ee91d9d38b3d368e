import { fails, harms, type Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';
import type { Shape } from './method.ts';

/** Columns by one of which TRL tells conversations from text: whichever a Python set hands out first. */
const TELLING = ['prompt', 'completion', 'chosen', 'rejected', 'messages'];

const MISTAKEN = "AttributeError: 'list' object has no attribute 'endswith'";

export const hasPrompt = (kinds: ColumnKinds): boolean => kinds.has('prompt');

/**
 * Whether the columns that a trainer reads hold conversations or text, all alike. `strict`: and no messages beside text,
 * for trainers that stop where TRL takes the text for messages.
 */
export function conversationalOr(
  kinds: ColumnKinds,
  own: readonly string[],
  { strict = false }: { strict?: boolean } = {},
): { conversational: boolean } | { problem: Problem } {
  const from = own.find((name) => kinds.get(name) === 'from_value');
  if (from !== undefined) return { problem: fromValueColumn(from) };
  const conversational = own.some((name) => kinds.get(name) === 'messages');
  const wanted = conversational ? 'messages' : 'text';
  const odd = own.find((name) => kinds.get(name) !== wanted && kinds.get(name) !== 'null');
  if (odd !== undefined) return { problem: oddColumn(odd, kinds.get(odd) === 'text', conversational) };
  const stray = strayIn(kinds, own, conversational);
  return stray !== undefined && (conversational || strict) ? { problem: strayColumn(stray, own) } : { conversational };
}

/** Messages beside text that they are not needed for. */
export function strayMessages(kinds: ColumnKinds, { format, conversational }: Shape): Problem[] {
  const own = format === 'preference' ? ['prompt', 'chosen', 'rejected'] : ['prompt', 'completion'];
  const stray = conversational ? undefined : strayIn(kinds, own, false);
  if (stray === undefined) return [];
  return [
    harms(
      'stray_column',
      `Has messages in \`${stray}\` beside text: TRL looks at any one of the columns to tell conversations from text, another in each process, and where it looked at that one it puts the text through the chat template as if it were messages.`,
    ),
  ];
}

const strayIn = (kinds: ColumnKinds, own: readonly string[], conversational: boolean): string | undefined =>
  TELLING.find((name) => !own.includes(name) && kinds.has(name) && (kinds.get(name) === 'messages') !== conversational);

function fromValueColumn(column: string): Problem {
  return fails(
    'from_value',
    `\`${column}\` holds messages as {from, value}, which TRL doesn't read: it stops. Needed: a list of {role: "user"|"assistant", content}.`,
  );
}

function oddColumn(column: string, isText: boolean, conversational: boolean): Problem {
  if (conversational && isText) {
    return fails(`text_${column}`, `\`${column}\` is text where the other columns are messages: TRL stops.`, 'map');
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
