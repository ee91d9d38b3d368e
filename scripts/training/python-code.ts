import type { JsonValue } from '../plan/json.ts';
import { pythonLiteral } from './python-literal.ts';

/** Width of a line of Python, as in pyproject.toml. */
const LINE = 120;

/** An expression of Python, to be laid out as ruff would. */
export type Code = string | { open: string; items: Code[]; close: string } | { key: string; value: Code };

export const literal = (value: JsonValue): Code => pythonLiteral(value);
export const call = (name: string, args: Code[]): Code => ({ open: `${name}(`, items: args, close: ')' });
export const list = (items: Code[], [open = '', close = '']: string = '[]'): Code => ({ open, items, close });
export const entry = (key: string, value: Code): Code => ({ key: pythonLiteral(key), value });
export const dict = (entries: readonly (readonly [key: string, value: Code])[]): Code => ({
  open: '{',
  items: entries.map(([key, value]) => entry(key, value)),
  close: '}',
});

/**
 * On one line where that fits, else one item a line. `used`: columns before it on its first line; two are kept
 * for what may follow.
 */
export function layOut(code: Code, indent: number, used = indent): string {
  const line = oneLine(code);
  if (used + line.length < LINE || typeof code === 'string') return line;
  if ('key' in code) return `${code.key}: ${layOut(code.value, indent, used + code.key.length + 2)}`;
  if (code.items.length === 0) return line;
  const inner = ' '.repeat(indent + 4);
  const items = code.items.map((item) => `${inner}${layOut(item, indent + 4)},\n`);
  return `${code.open}\n${items.join('')}${' '.repeat(indent)}${code.close}`;
}

function oneLine(code: Code): string {
  if (typeof code === 'string') return code;
  if ('key' in code) return `${code.key}: ${oneLine(code.value)}`;
  return `${code.open}${code.items.map(oneLine).join(', ')}${code.close}`;
}
