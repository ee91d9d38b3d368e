import type { JsonValue } from '../plan/json.ts';

/** Width of a line of Python, as in pyproject.toml. */
const LINE = 120;

/**
 * A JSON value as a Python literal, laid out as ruff would: on one line where that fits, else one entry a
 * line. Strings may hold anything, lone surrogates included; the literal itself is always printable.
 */
export function pythonLiteral(value: JsonValue, indent = 0, used = indent): string {
  const line = oneLine(value);
  if (typeof value === 'string' && indent > 0 && used + line.length >= LINE) return byLines(value, indent);
  if (used + line.length < LINE || value === null || typeof value !== 'object') return line;
  const inner = ' '.repeat(indent + 4);
  const entries = Array.isArray(value)
    ? value.map((item) => pythonLiteral(item, indent + 4))
    : Object.entries(value).map(([key, item]) => {
        const start = `${pythonString(key)}: `;
        return start + pythonLiteral(item, indent + 4, indent + 4 + start.length);
      });
  if (entries.length === 0) return line;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${' '.repeat(indent)}${close}`;
}

/** Text that ends with a line's end as a triple-quoted literal, to be read as it stands. */
export function pythonText(text: string): string {
  const kept = ['\n', '"'];
  const escaped = text.replace(ESCAPED, (char) => (kept.includes(char) ? char : escapedChar(char)));
  return `"""\\\n${escaped.replaceAll('"""', '\\"\\"\\"')}"""`;
}

/** A text of several lines as Python strings side by side, one a line of it. */
function byLines(text: string, indent: number): string {
  const lines = text.split(/(?<=\n)/);
  if (lines.length === 1) return pythonString(text);
  const inner = ' '.repeat(indent + 4);
  return `(\n${lines.map((each) => `${inner}${pythonString(each)}\n`).join('')}${' '.repeat(indent)})`;
}

function oneLine(value: JsonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonString(value);
  if (typeof value === 'number') return pythonNumber(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${pythonString(key)}: ${oneLine(item)}`)
    .join(', ')}}`;
}

function pythonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`python literal of ${value}: JSON has no such number`);
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** Whatever isn't a letter, mark, digit, punctuation, symbol or space: controls, invisible and bidirectional ones. */
const ESCAPED = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]|\p{Default_Ignorable_Code_Point}/gu;
const SHORT: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function pythonString(text: string): string {
  return `"${text.replace(ESCAPED, escapedChar)}"`;
}

function escapedChar(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
