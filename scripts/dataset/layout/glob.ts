/**
 * Paths that a pattern means, as fsspec's `glob` has it (fsspec/utils.py, glob_translate): `*` and `?` within a
 * folder, `[...]` one character, `**` any folders where it is a whole part of the path.
 */
export function globPattern(pattern: string): RegExp {
  const parts = pattern.split('/');
  const last = parts.length - 1;
  const source = parts.map((part, index) => {
    if (part === '*') return index < last ? '[^/]+/' : '[^/]+';
    if (part === '**') return index < last ? '(?:.+/)?' : '.*';
    if (part.includes('**')) throw new RangeError(`"**" is only a part of its own in "${pattern}"`);
    return translated(part) + (index < last ? '/' : '');
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

export const hasMagic = (pattern: string): boolean => /[*?[]/.test(pattern);

function translated(part: string): string {
  let source = '';
  for (let at = 0; at < part.length; ) {
    const set = part[at] === '[' ? characterSet(part, at) : null;
    if (set) {
      source += set.source;
      at = set.end;
      continue;
    }
    const char = String.fromCodePoint(part.codePointAt(at) ?? 0);
    source += char === '*' ? '[^/]*' : char === '?' ? '[^/]' : escaped(char);
    at += char.length;
  }
  return source;
}

/** `[abc]`, `[a-z]`, `[!a]`; null where the bracket is never closed and so stands for itself. */
function characterSet(part: string, start: number): { source: string; end: number } | null {
  const negated = part[start + 1] === '!';
  const from = start + (negated ? 2 : 1);
  const close = part.indexOf(']', from + 1);
  if (close === -1) return null;
  const chars = [...part.slice(from, close)];
  let source = '';
  for (let at = 0; at < chars.length; ) {
    const [low = '', dash, high] = chars.slice(at, at + 3);
    const isRange = dash === '-' && high !== undefined;
    if (!isRange) source += escaped(low);
    else if (low <= high) source += `${escaped(low)}-${escaped(high)}`;
    at += isRange ? 3 : 1;
  }
  if (source === '') return { source: negated ? '.' : '(?!)', end: close + 1 };
  return { source: `[${negated ? '^' : ''}${source}]`, end: close + 1 };
}

/** For a place inside or outside of a set; a hyphen has no other spelling that is right in both. */
const escaped = (char: string): string => {
  if (char === '-') return '\\x2d';
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
};
