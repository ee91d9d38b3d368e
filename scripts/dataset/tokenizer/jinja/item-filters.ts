import type { Filter, FilterCall } from './filter.ts';
import { pythonTest } from './named-tests.ts';
import { pythonText } from './printing.ts';
import {
  generator,
  integer,
  isDict,
  isInteger,
  isText,
  isUndefined,
  NotSupported,
  pythonItems,
  TemplateRaises,
  text,
  UNDEFINED,
  type Value,
} from './values.ts';

/** Filters that go through the items of a value. */
export const ITEM_FILTERS: Readonly<Record<string, Filter>> = {
  join: (value, { args, named }) => {
    const by = args[0] ?? named.get('d');
    const attribute = args[1] ?? named.get('attribute');
    const items = pythonItems(value).map((item) => (attribute ? attributeOf(item, attribute) : item));
    return text(items.map(pythonText).join(by ? pythonText(by) : ''));
  },
  min: (value) => extreme(value, Math.min),
  max: (value) => extreme(value, Math.max),
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
