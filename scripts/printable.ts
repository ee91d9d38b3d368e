/**
 * Text from datasets, repositories and job logs is data: before a terminal or an agent sees it, control
 * characters (escape sequences, carriage returns, bidirectional overrides) are made visible.
 */

// C0 and C1 controls but tab and newline, then bidirectional and other invisible format characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Same text with every control character but tab and newline as `\xNN` or `\uNNNN`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** One line, at most `max` characters, control characters escaped: for names and previews. */
export function preview(text: string, max = 80): string {
  const line = printable(text.length > 4 * max ? text.slice(0, 4 * max) : text).replace(/[\n\t]/g, (c) =>
    c === '\n' ? '\\n' : '\\t',
  );
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

/** A number as people read it, in groups of three: 1,234,567.8. Without Intl, which takes Node 14 ms to load. */
export const grouped = (value: number): string => {
  const [whole = '', fraction] = String(value).split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? digits : `${digits}.${fraction}`;
};
