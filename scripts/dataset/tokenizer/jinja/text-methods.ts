import { pythonText } from './printing.ts';
import {
  boolean,
  callable,
  integer,
  isInteger,
  isList,
  isText,
  list,
  missing,
  NotSupported,
  pythonItems,
  TemplateRaises,
  type TextValue,
  text,
  type Value,
} from './values.ts';

// What str.isspace() calls white: not the same characters as JavaScript's \s (U+FEFF is none, U+001C-001F are).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are white to Python
const WHITE = /[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

type Side = 'both' | 'left' | 'right';

/** `str.strip`, `lstrip`, `rstrip`: white space, or the given characters. */
export function strip(value: string, side: Side = 'both', characters?: string): string {
  const set = characters === undefined ? null : new Set(characters);
  const goes = (char: string | undefined): boolean => char !== undefined && (set ? set.has(char) : WHITE.test(char));
  const chars = [...value];
  let [start, end] = [0, chars.length];
  if (side !== 'right') while (start < end && goes(chars[start])) start += 1;
  if (side !== 'left') while (end > start && goes(chars[end - 1])) end -= 1;
  return start === 0 && end === chars.length ? value : chars.slice(start, end).join('');
}

export const capitalize = (value: string): string => {
  const [first = '', ...rest] = value;
  return first.toUpperCase() + rest.join('').toLowerCase();
};

/** A method of `str`, undefined where it has none of that name, as Jinja2 says it; null where the engine's own does right. */
export function textMethod(self: TextValue, name: string): Value | null {
  const own = METHODS[name];
  if (own) return callable((args) => own(self.value, args.map(argument)));
  if (['upper', 'lower', 'startswith', 'endswith', 'replace'].includes(name)) return null;
  if (OTHER_METHODS.has(name)) throw new NotSupported(`the method ${name} of a text`);
  return missing(`'str object' has no attribute '${name}'`);
}

/** Methods of `str` that chat templates hardly use. */
const OTHER_METHODS = new Set(
  (
    'casefold center encode expandtabs format_map index isalnum isalpha isascii isdecimal isidentifier islower isnumeric ' +
    'isprintable isspace istitle isupper ljust maketrans partition rfind rindex rjust rpartition rsplit splitlines ' +
    'swapcase title translate zfill'
  ).split(' '),
);

/** Keyword arguments of these methods are not told apart. */
function argument(value: Value): Value {
  if (value.type === 'KeywordArgumentsValue') throw new NotSupported('keyword arguments of a text method');
  return value;
}

const stripped =
  (side: Side) =>
  (self: string, [characters]: Value[]): Value => {
    if (characters === undefined || characters.type === 'NullValue') return text(strip(self, side));
    return text(strip(self, side, needText(characters)));
  };

const METHODS: Record<string, (self: string, args: Value[]) => Value> = {
  strip: stripped('both'),
  lstrip: stripped('left'),
  rstrip: stripped('right'),
  capitalize: (self) => text(capitalize(self)),
  split: (self, [separator, most]) => list(split(self, separator, most).map(text)),
  find: (self, [part, ...rest]) => {
    if (rest.length > 0) throw new NotSupported('find with a start');
    const index = self.indexOf(needText(part));
    return integer(index < 0 ? -1 : [...self.slice(0, index)].length);
  },
  count: (self, [part, ...rest]) => {
    const sought = needText(part);
    if (rest.length > 0 || sought === '') throw new NotSupported('count with a start');
    return integer(self.split(sought).length - 1);
  },
  join: (self, [items]) => {
    if (!items) throw new TemplateRaises('str.join() takes exactly one argument (0 given)');
    return text(pythonItems(items).map(needText).join(self));
  },
  removeprefix: (self, [part]) => {
    const prefix = needText(part);
    return text(self.startsWith(prefix) ? self.slice(prefix.length) : self);
  },
  removesuffix: (self, [part]) => {
    const suffix = needText(part);
    return text(suffix !== '' && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self);
  },
  format: (self, args) => text(format(self, args)),
  isdigit: (self) => boolean(/^[0-9]+$/.test(self)),
};

/** `str.format` with bare `{}` and `{0}`. */
function format(self: string, args: readonly Value[]): string {
  let next = 0;
  return self.replace(/\{\{|\}\}|\{(\d*)\}|[{}]/g, (found, number: string | undefined) => {
    if (found === '{{' || found === '}}') return found.slice(1);
    const value = number === undefined ? undefined : args[number === '' ? next++ : Number(number)];
    if (!value) throw new NotSupported('format with more than bare places');
    return pythonText(value);
  });
}

function split(self: string, separator: Value | undefined, most: Value | undefined): string[] {
  if (most && !isInteger(most)) throw new NotSupported('split with a limit that is no number');
  const limit = most && isInteger(most) && most.value >= 0 ? most.value : Number.POSITIVE_INFINITY;
  if (separator === undefined || separator.type === 'NullValue') return splitWhite(self, limit);
  const by = needText(separator);
  if (by === '') throw new TemplateRaises('empty separator');
  const parts = self.split(by);
  return parts.length - 1 <= limit ? parts : [...parts.slice(0, limit), parts.slice(limit).join(by)];
}

function splitWhite(self: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = strip(self, 'left');
  while (rest !== '') {
    const end = parts.length < limit ? rest.search(WHITE) : -1;
    if (end < 0) return [...parts, rest];
    parts.push(rest.slice(0, end));
    rest = strip(rest.slice(end), 'left');
  }
  return parts;
}

function needText(value: Value | undefined): string {
  if (value && isText(value)) return value.value;
  throw value && isList(value) ? new NotSupported('a list for a text') : new TemplateRaises('must be str');
}
