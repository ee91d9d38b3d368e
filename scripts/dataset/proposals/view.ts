import type { Value } from '../../plan/value.ts';
import { sourceColumns } from '../../plan/value.ts';
import { isObject } from '../mapping/functions.ts';
import { CONVERSATION, normal } from '../names.ts';
import { type Row, UNSEEN } from '../rows.ts';
import { conversationOf, mostly, rolesIn } from './conversation.ts';

export type Form = 'text' | 'whole' | 'number' | 'boolean' | 'texts' | 'list' | 'object' | 'nothing';

/** A column, or a field of the objects in one: where something that a trainer wants may be found. */
export interface Place {
  value: Value;
  /** As name tables have it. */
  name: string;
  form: Form;
  /** What is there in the first rows, without nulls. */
  cells: unknown[];
  /** The conversation that it holds, as messages; null where it holds none. */
  conversation: Value | null;
}

/** An answer as text and, where it is one, as a conversation. */
export type Answer = Pick<Place, 'value' | 'form' | 'conversation'>;

/** What the first rows show of a dataset: all that proposals are made of. */
export interface View {
  places: Place[];
  head: readonly Row[];
}

export function viewOf(columns: readonly string[], head: readonly Row[]): View {
  const places = columns.flatMap((column) => {
    const cells = present(head.map((row) => row[column]));
    return [placeOf(column, normal(column), cells), ...fieldsOf(column, cells)];
  });
  return { places: [...places, ...places.flatMap(firstOf)], head };
}

function placeOf(value: Value, name: string, cells: unknown[]): Place {
  const turns = [...CONVERSATION, 'data'].includes(name);
  return { value, name, form: formOf(cells), cells, conversation: conversationOf(value, cells, turns) };
}

/** Of several answers the first. */
function firstOf({ value, name, form, cells }: Place): Place[] {
  if (name !== 'answers' || form !== 'texts') return [];
  const first = cells.flatMap((cell) => (Array.isArray(cell) ? [cell[0]] : []));
  return [placeOf({ op: 'get', of: value, key: 0 }, 'answer', present(first))];
}

/** Names that say nothing of their own: `answer.value` is an answer. */
const PLAIN = ['text', 'value', 'content'];

/** Fields of objects, one level deep. */
function fieldsOf(column: string, cells: readonly unknown[]): Place[] {
  if (!mostly(cells, isObject)) return [];
  const objects = cells.filter(isObject);
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))].slice(0, 20);
  return names.filter(Boolean).map((key) => {
    const name = PLAIN.includes(normal(key)) ? normal(column) : normal(key);
    return placeOf({ op: 'get', of: column, key }, name, present(objects.map((object) => object[key])));
  });
}

/** Numbers of Parquet files are bigints; in a plan they are JSON. */
const present = (cells: readonly unknown[]): unknown[] =>
  cells
    .filter((cell) => cell !== null && cell !== undefined && cell !== UNSEEN)
    .map((cell) => (typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell));

function formOf(cells: readonly unknown[]): Form {
  if (cells.length === 0) return 'nothing';
  const all = (test: (cell: unknown) => boolean): boolean => mostly(cells, test);
  if (all((cell) => typeof cell === 'string')) return 'text';
  if (all((cell) => typeof cell === 'boolean')) return 'boolean';
  if (all((cell) => typeof cell === 'bigint' || Number.isInteger(cell))) return 'whole';
  if (all((cell) => typeof cell === 'number' || typeof cell === 'bigint')) return 'number';
  if (all((cell) => Array.isArray(cell) && cell.length > 0 && cell.every((item) => typeof item === 'string'))) {
    return 'texts';
  }
  if (all((cell) => Array.isArray(cell))) return 'list';
  return 'object';
}

/** Places of these names and forms, in the names' order; that of the very name alone where there is one. */
export function find(view: View, names: readonly string[], forms: readonly Form[], exact?: string): Place[] {
  const fitting = view.places.filter(({ name, form }) => forms.includes(form) && names.includes(name));
  const itself = fitting.find(({ value }) => value === exact);
  if (itself) return [itself];
  return fitting.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

/** Whether none of the first rows has anything there. */
export const isEmpty = ({ cells }: Place): boolean =>
  cells.every((cell) => cell === '' || (Array.isArray(cell) && cell.length === 0));

export const columnOf = ({ value }: Place): string => sourceColumns(value)[0] ?? '';

/** Whether its conversations mostly begin with a question, have an answer somewhere, and end with one. */
export function extent(view: View, conversation: Value): { asked: boolean; spoken: boolean; answered: boolean } {
  const roles = rolesIn(conversation, view.head);
  return {
    asked: mostly(roles, (each) => each[0] === 'user' || each[0] === 'system'),
    spoken: mostly(roles, (each) => each.includes('assistant')),
    answered: mostly(roles, (each) => each.at(-1) === 'assistant'),
  };
}
