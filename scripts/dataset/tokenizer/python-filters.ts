import type { Environment } from '@huggingface/jinja';
import { type JsonStyle, PLAIN_JSON, pythonJson } from './python-json.ts';
import { capitalize, strip } from './python-text.ts';
import {
  generator,
  integer,
  isDict,
  isInteger,
  isList,
  isNone,
  isText,
  isUndefined,
  keyValue,
  list,
  NotSupported,
  pythonEqual,
  pythonIn,
  pythonItems,
  pythonLength,
  pythonText,
  TemplateRaises,
  text,
  UNDEFINED,
  type Value,
} from './python-values.ts';

/** Jinja2's tests (`x is defined`), where the engine's own differ from it or are missing. */
export function pythonTest(name: string, value: Value, args: readonly Value[]): boolean {
  const other = args[0] ?? UNDEFINED;
  switch (name) {
    case 'defined':
      return !isUndefined(value);
    case 'undefined':
      return isUndefined(value);
    case 'none':
      return isNone(value);
    case 'string':
      return isText(value);
    case 'boolean':
      return value.type === 'BooleanValue';
    case 'true':
      return value.type === 'BooleanValue' && value.value === true;
    case 'false':
      return value.type === 'BooleanValue' && value.value === false;
    case 'number':
      return ['IntegerValue', 'FloatValue', 'BooleanValue'].includes(value.type);
    case 'integer':
      return isInteger(value);
    case 'float':
      return value.type === 'FloatValue';
    case 'mapping':
      return isDict(value);
    // An undefined value has a length and can be gone through: it is empty.
    case 'iterable':
    case 'sequence':
      return isText(value) || isList(value) || isDict(value) || isUndefined(value);
    case 'callable':
      return value.type === 'FunctionValue';
    case 'equalto':
    case 'eq':
      return pythonEqual(value, other);
    case 'ne':
      return !pythonEqual(value, other);
    case 'in':
      return pythonIn(value, other);
    case 'odd':
    case 'even':
      if (!isInteger(value)) throw new NotSupported(`the test ${name} of a ${value.type}`);
      return (value.value % 2 === 0) === (name === 'even');
    default:
      throw new NotSupported(`the test ${name}`);
  }
}

/** What a filter is given beside its operand. */
export interface FilterCall {
  args: Value[];
  named: ReadonlyMap<string, Value>;
  environment: Environment;
  /** Applies another filter by name. */
  apply(value: Value, name: string, args: Value[]): Value;
}

type Filter = (value: Value, call: FilterCall) => Value;

/** Jinja2's filters that the engine lacks, or has in another way. The others are the engine's. */
export const FILTERS: Readonly<Record<string, Filter>> = {
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
  join: (value, { args, named }) => {
    const by = args[0] ?? named.get('d');
    const attribute = args[1] ?? named.get('attribute');
    const items = pythonItems(value).map((item) => (attribute ? attributeOf(item, attribute) : item));
    return text(items.map(pythonText).join(by ? pythonText(by) : ''));
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
  min: (value) => extreme(value, Math.min),
  max: (value) => extreme(value, Math.max),
  tojson: (value, { args, named }) => text(pythonJson(value, jsonStyle(args, named))),
  selectattr: (value, call) => byAttribute(value, call, true),
  rejectattr: (value, call) => byAttribute(value, call, false),
  select: (value, call) => byTest(value, call, true),
  reject: (value, call) => byTest(value, call, false),
  map: (value, { args, named, apply }) => {
    const attribute = named.get('attribute');
    const [name, ...rest] = args;
    if (attribute) {
      const fallback = named.get('default');
      return generator(
        someItems(value).map((item) => {
          const found = attributeOf(item, attribute);
          return isUndefined(found) && fallback ? fallback : found;
        }),
      );
    }
    if (!name || !isText(name) || named.size > 0) throw new NotSupported('map without a filter name');
    return generator(someItems(value).map((item) => apply(item, name.value, rest)));
  },
};

function extreme(value: Value, choose: (...numbers: number[]) => number): Value {
  const items = pythonItems(value);
  if (items.length === 0) return UNDEFINED;
  if (!items.every(isInteger)) throw new NotSupported('the least or greatest of other things than whole numbers');
  return integer(choose(...items.map((item) => item.value)));
}

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

/** These filters take anything false, None too, for nothing. */
const someItems = (value: Value): Value[] => (value.__bool__().value ? pythonItems(value) : []);

/** `environment.getitem` along a dotted path. */
function attributeOf(item: Value, attribute: Value): Value {
  if (!isText(attribute)) throw new NotSupported('an attribute that is no text');
  let value = item;
  for (const part of attribute.value.split('.')) {
    if (isUndefined(value)) throw new TemplateRaises(`'${attribute.value}' is undefined`);
    if (!isDict(value) || /^\d/.test(part)) throw new NotSupported('an attribute of no object');
    value = value.value.get(part) ?? UNDEFINED;
  }
  return value;
}

function byAttribute(value: Value, { args, named }: FilterCall, keep: boolean): Value {
  const [attribute, test, ...rest] = args;
  if (!attribute || named.size > 0) throw new NotSupported('selectattr without an attribute');
  return generator(someItems(value).filter((item) => passes(attributeOf(item, attribute), test, rest) === keep));
}

function byTest(value: Value, { args, named }: FilterCall, keep: boolean): Value {
  const [test, ...rest] = args;
  if (named.size > 0) throw new NotSupported('select with a name');
  return generator(someItems(value).filter((item) => passes(item, test, rest) === keep));
}

function passes(value: Value, test: Value | undefined, args: readonly Value[]): boolean {
  if (!test) return value.__bool__().value;
  if (!isText(test)) throw new NotSupported('a test that is no name');
  return pythonTest(test.value, value, args);
}
