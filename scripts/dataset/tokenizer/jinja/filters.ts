import type { Filter } from './filter.ts';
import { ITEM_FILTERS } from './item-filters.ts';
import { type JsonStyle, PLAIN_JSON, pythonJson } from './json.ts';
import { pythonText } from './printing.ts';
import { capitalize, strip } from './text-methods.ts';
import {
  generator,
  integer,
  isDict,
  isInteger,
  isNone,
  isText,
  isUndefined,
  keyValue,
  list,
  NotSupported,
  pythonItems,
  pythonLength,
  TemplateRaises,
  text,
  UNDEFINED,
  type Value,
} from './values.ts';

/** Jinja2's filters that the engine lacks, or has in another way. The others are the engine's. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  ...ITEM_FILTERS,
  trim: (value, { args, named }) => {
    if (named.size > 0) throw new NotSupported('trim with a name');
    const [characters] = args;
    return text(strip(pythonText(value), 'both', characters && isText(characters) ? characters.value : undefined));
  },
  length: (value) => integer(pythonLength(value)),
  count: (value) => integer(pythonLength(value)),
  string: (value) => text(pythonText(value)),
  capitalize: (value) => text(capitalize(pythonText(value))),
  upper: (value) => text(pythonText(value).toUpperCase()),
  lower: (value) => text(pythonText(value).toLowerCase()),
  list: (value) => list(pythonItems(value)),
  first: (value) => pythonItems(value)[0] ?? UNDEFINED,
  last: (value) => pythonItems(value).at(-1) ?? UNDEFINED,
  default: (value, { args, named }) => {
    const whereFalse = args[1] ?? named.get('boolean');
    const takes = isUndefined(value) || (whereFalse?.__bool__().value === true && !value.__bool__().value);
    return takes ? (args[0] ?? named.get('default_value') ?? text('')) : value;
  },
  items: (value) => {
    if (isUndefined(value)) return generator([]);
    if (!isDict(value)) throw new TemplateRaises('Can only get item pairs from a mapping.');
    return generator([...value.value].map(([key, item]) => list([keyValue(key), item])));
  },
  // Text that is safe escapes the text that is added to it.
  safe: (value) => Object.assign(text(pythonText(value)), { safe: true }),
  dictsort: (value, { args, named }) => {
    if (!isDict(value) || args.length > 0 || named.size > 0) throw new NotSupported('dictsort with arguments');
    const entries = [...value.value].map(
      ([key, item]) => [typeof key === 'string' ? key.toLowerCase() : key, key, item] as const,
    );
    if (new Set(entries.map(([by]) => typeof by)).size > 1) throw new NotSupported('dictsort of mixed keys');
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return list(sorted.map(([, key, item]) => list([keyValue(key), item])));
  },
  tojson: (value, { args, named }) => text(pythonJson(value, jsonStyle(args, named))),
};

/** Filters of Jinja2 that neither this nor the engine may have. Any other name is an error in Python too. */
export const OTHER_FILTERS = new Set(
  (
    'abs attr batch center dictsort e escape filesizeformat float forceescape format groupby indent int pprint random ' +
    'replace reverse round slice sort striptags sum title truncate unique urlencode urlize wordcount wordwrap xmlattr'
  ).split(' '),
);

/** Other names of the same. */
export const ALIASES: Readonly<Record<string, string>> = { d: 'default' };

function jsonStyle(args: readonly Value[], named: ReadonlyMap<string, Value>): JsonStyle {
  const [ascii, indent, separators, sort] = ['ensure_ascii', 'indent', 'separators', 'sort_keys'].map(
    (name, index) => args[index] ?? named.get(name),
  );
  const style = { ...PLAIN_JSON };
  if (ascii) style.ensureAscii = ascii.__bool__().value;
  if (sort) style.sortKeys = sort.__bool__().value;
  if (indent && !isNone(indent)) {
    if (!isInteger(indent)) throw new NotSupported('tojson with an indent that is no number');
    style.indent = indent.value;
  }
  if (separators && !isNone(separators)) {
    const [comma, colon] = pythonItems(separators);
    if (!comma || !colon || !isText(comma) || !isText(colon)) throw new NotSupported('tojson with odd separators');
    style.separators = [comma.value, colon.value];
  }
  return style;
}
