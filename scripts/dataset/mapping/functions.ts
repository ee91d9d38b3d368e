import type { Scalar } from '../../plan/value.ts';
import { holdsLoneHalf } from '../local/halves.ts';
import type { Row } from '../rows.ts';

/** What the expressions of a mapping do with the values of one row; scripts/training/map_functions.py does the same. */

/** A plain object's own field; not that of a date or of bytes. */
export function field(value: unknown, key: string): unknown {
  if (!isObject(value) || !Object.hasOwn(value, key)) return null;
  return value[key] ?? null;
}

/** By name from an object, by number from a list. */
export function get(value: unknown, key: string | number): unknown {
  if (typeof key === 'string') return field(value, key);
  return Array.isArray(value) ? (value.at(key) ?? null) : null;
}

export function slice(list: unknown, start: number, end: number | null): unknown[] | null {
  return Array.isArray(list) ? list.slice(start, end ?? undefined) : null;
}

export function pick(list: unknown, by: unknown): unknown {
  const number = wholeNumber(by);
  if (!Array.isArray(list) || number === null || number < 0n || number >= BigInt(list.length)) return null;
  return list[Number(number)] ?? null;
}

/** Null where a part is neither text, nor a whole number, nor a list of them, nor empty. */
export function join(parts: readonly unknown[], by: string): string | null {
  const texts: string[] = [];
  for (const item of parts.flatMap((part): unknown[] => (Array.isArray(part) ? part : [part]))) {
    const text = item === null || item === undefined ? '' : (wholeNumber(item)?.toString() ?? item);
    if (typeof text !== 'string') return null;
    if (text !== '') texts.push(text);
  }
  return texts.join(by);
}

export function lettered(list: unknown): string[] | null {
  if (!Array.isArray(list) || list.length > 26 || !list.every((text) => typeof text === 'string')) return null;
  return list.map((text, index) => `${String.fromCharCode(65 + index)}. ${text}`);
}

export function after(text: unknown, marker: string): string | null {
  if (typeof text !== 'string') return null;
  const at = text.lastIndexOf(marker);
  return at < 0 ? null : stripped(text.slice(at + marker.length));
}

export function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return null;
  try {
    const value = LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
    return HALF.test(text) && holdsLoneHalf(value) ? null : value;
  } catch {
    return null;
  }
}

/** What half a character may be of: such a text stops training. */
const HALF = /\\u[dD]|\p{Surrogate}/u;

/** More digits than a number holds. */
const LONG_NUMBER = /\d{16}/;
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

/** Long whole numbers as bigints: each is read as a text with a mark that no text of the document has. */
function parseExactly(text: string): unknown {
  const known = JSON.stringify(JSON.parse(text));
  let mark = '#';
  while (known.includes(mark)) mark += '#';
  const marked = text.replace(TEXT_OR_NUMBER, (token) => (/^-?\d{16,}$/.test(token) ? `"${mark}${token}"` : token));
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

/** Of the same type, too: 1 is neither true nor "1". */
export function same(value: unknown, scalar: Scalar): boolean {
  return value === scalar || (typeof value === 'bigint' && typeof scalar === 'number' && value === toBigInt(scalar));
}

export function greater(a: unknown, b: unknown): boolean | null {
  if (!isNumber(a) || !isNumber(b)) return null;
  return a > b ? true : a < b ? false : null;
}

/** Strips what both languages call white space without their tables of Unicode. */
export const stripped = (text: string): string => text.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '');

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

function wholeNumber(value: unknown): bigint | null {
  return typeof value === 'bigint' ? value : typeof value === 'number' ? toBigInt(value) : null;
}

const toBigInt = (value: number): bigint | null => (Number.isInteger(value) ? BigInt(value) : null);

export function isObject(value: unknown): value is Row {
  return Object.prototype.toString.call(value) === '[object Object]';
}
