import { basename, isAbsolute } from 'node:path';
import type { JsonValue } from '../plan/json.ts';
import type { PlanDraft } from '../plan/schema.ts';
import { pythonLiteral } from './python-literal.ts';

/** Text of data, models and people inside Markdown, where it can't be anything else. */

const LONGEST = 500;
/** What Python's `isprintable` says no to. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** On one line, of what can be seen only. */
export const oneLine = (text: string): string => text.replace(UNPRINTABLE, ' ').replace(/ +/g, ' ').trim();

/**
 * One line in a code span, unable to leave it or its table cell: nothing in it is Markdown, HTML or a picture.
 * As `shown` in card.py.
 */
export function shown(text: string): string {
  const characters = [...oneLine(text)];
  const line = characters.length <= LONGEST ? characters.join('') : `${characters.slice(0, LONGEST).join('')}...`;
  return line && `\`${line.replaceAll('|', '/').replaceAll('`', "'")}\``;
}

/** A value as Python writes it; of a path of this machine its last part, for paths tell who someone is. */
export function shownValue(value: JsonValue): string {
  const told = withoutPaths(value);
  if (typeof told === 'string') return shown(told);
  if (typeof told === 'number' && told !== 0 && Math.abs(told) < 1e-4)
    return shown(told.toExponential().replace(/-(\d)$/, '-0$1'));
  return shown(pythonLiteral(told, 0, Number.NEGATIVE_INFINITY));
}

function withoutPaths(value: JsonValue): JsonValue {
  if (typeof value === 'string') return isAbsolute(value) ? basename(value) : value;
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPaths(item)]));
}

/** A Hub repository by name and commit; of something local its last part. */
export function described({ id, source, revision }: Pick<PlanDraft['model'], 'id' | 'source' | 'revision'>): string {
  return source === 'hub' ? `${shown(id)} (commit ${shown(revision ?? 'None')})` : `local ${shown(basename(id))}`;
}

export type Fact = [name: string, value: string];

/** A table of two columns without heads. A line that is a row already stays as it is. */
export const facts = (rows: readonly (Fact | string)[]): string[] => [
  '|  |  |',
  '| --- | --- |',
  ...rows.map((row) => (typeof row === 'string' ? row : `| ${row.join(' | ')} |`)),
];
