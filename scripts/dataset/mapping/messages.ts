import type { Expression } from '../../plan/value.ts';
import { field, get, isObject, stripped } from './functions.ts';

/** A message as a mapping makes it. Its content is what the row has there, whatever that is. */
interface Made {
  role: unknown;
  content: unknown;
}

type Of<Op extends Expression['op']> = Extract<Expression, { op: Op }>;

/** One conversation of several parts; an empty system message is left out. Null where a part is neither list nor empty. */
export function chat(parts: readonly (Made | { turns: unknown })[]): unknown[] | null {
  const messages: unknown[] = [];
  for (const part of parts) {
    const list = 'role' in part ? [part] : (part.turns ?? '');
    if (Array.isArray(list)) messages.push(...list.filter((message) => !isEmptySystem(message)));
    else if (list !== '') return null;
  }
  return messages;
}

function isEmptySystem(message: unknown): boolean {
  const content = field(message, 'content');
  return field(message, 'role') === 'system' && (content === null || content === '');
}

/** Roles that are not translated stay; null where an item is no object. */
export function turns(list: unknown, { role, content, roles }: Of<'turns'>): Made[] | null {
  if (!Array.isArray(list) || !list.every(isObject)) return null;
  return list.map((item) => {
    const name = field(item, role);
    return { role: roles.find(({ is }) => is === name)?.role ?? name, content: field(item, content) };
  });
}

export function pairs(list: unknown, { user, assistant }: Of<'pairs'>): Made[] | null {
  if (!Array.isArray(list) || !list.every((item) => Array.isArray(item) || isObject(item))) return null;
  return list.flatMap((item) => [
    { role: 'user', content: get(item, user) },
    { role: 'assistant', content: get(item, assistant) },
  ]);
}

export function alternating(list: unknown): Made[] | null {
  if (!Array.isArray(list) || !list.every((text) => typeof text === 'string')) return null;
  return list.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
}

/** Null where something stands before the first marker, or there is none. */
export function dialogue(text: unknown, speakers: Of<'dialogue'>['speakers']): Made[] | null {
  if (typeof text !== 'string') return null;
  const [start = '', ...parts] = text.split(
    new RegExp(`(${speakers.map(({ marker }) => marker.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')})`),
  );
  if (parts.length === 0 || stripped(start) !== '') return null;
  return parts.flatMap((marker, index) => {
    if (index % 2 === 1) return [];
    const role = speakers.find((speaker) => speaker.marker === marker)?.role;
    return [{ role, content: stripped(parts[index + 1] ?? '') }];
  });
}
