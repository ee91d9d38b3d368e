import { Environment } from '@huggingface/jinja';

/**
 * Values of the template engine as Python sees them. The engine's own classes print and compare as JavaScript does
 * in places; these functions do as Jinja2 3.1 under CPython.
 */
export interface Value {
  type: string;
  value: unknown;
  builtins: ReadonlyMap<string, Value>;
  __bool__(): { value: boolean };
}
export type TextValue = Value & { value: string };
/** `lazy`: a generator, which is always true and has neither length nor items by number. */
export type ListValue = Value & { value: Value[]; lazy?: true };
/** Keys are texts or whole numbers. */
export type DictValue = Value & { value: Map<string | number, Value> };
export type NumberValue = Value & { value: number };
export type FunctionValue = Value & { value: (args: Value[], scope: Environment) => Value };

/** The template raises, in Python too: `message` is what Jinja2 or the template itself says. */
export class TemplateRaises extends Error {}

/** This engine can't tell what Python would do. */
export class NotSupported extends Error {}

/** The template may have no end. */
export class TakesTooLong extends NotSupported {}

export const isText = (value: Value): value is TextValue => value.type === 'StringValue';
export const isList = (value: Value): value is ListValue => value.type === 'ArrayValue' || value.type === 'TupleValue';
export const isDict = (value: Value): value is DictValue => value.type === 'ObjectValue';
export const isInteger = (value: Value): value is NumberValue => value.type === 'IntegerValue';
export const isNumber = (value: Value): value is NumberValue => isInteger(value) || value.type === 'FloatValue';
export const isBoolean = (value: Value): boolean => value.type === 'BooleanValue';
export const isNone = (value: Value): boolean => value.type === 'NullValue';
export const isUndefined = (value: Value): boolean => value.type === 'UndefinedValue';
export const isFunction = (value: Value): value is FunctionValue => value.type === 'FunctionValue';

/** A runtime value from plain data. */
export const toValue = (data: unknown): Value => new Environment().set('value', data);
export const NONE = toValue(null);
export const UNDEFINED = toValue(undefined);
const UNDEFINED_CLASS = UNDEFINED.constructor as new () => Value;
/** Undefined, with what Jinja2 says when it is used all the same. */
export const missing = (why: string): Value & { why: string } => Object.assign(new UNDEFINED_CLASS(), { why });
const [TRUE, FALSE] = [toValue(true), toValue(false)];
const TEXT = toValue('').constructor as new (text: string) => TextValue;
const LIST = toValue([]).constructor as new (items: Value[]) => ListValue;
const INTEGER = toValue(1).constructor as new (value: number) => NumberValue;
const FLOAT = toValue(0.5).constructor as new (value: number) => Value;
const DICT = toValue({}).constructor as new (entries: Map<string | number, Value>) => DictValue;
const FUNCTION = toValue(() => null).constructor as new (call: FunctionValue['value']) => FunctionValue;

export const text = (value: string): TextValue => new TEXT(value);
export const list = (items: Value[]): ListValue => new LIST(items);
/** A whole number that Python holds as a float, as a column of floats does. */
export class Float {
  constructor(readonly value: number) {}
}

/** A runtime value from a cell of a dataset: JSON types, and those that stand in for what JSON has not. */
export function cellValue(cell: unknown): Value {
  if (Array.isArray(cell)) return list(cell.map(cellValue));
  if (typeof cell === 'bigint') return integer(Number(cell));
  if (typeof cell === 'number' && !Number.isInteger(cell)) return new FLOAT(cell);
  if (cell instanceof Float) return new FLOAT(cell.value);
  if (cell instanceof Date) return text('<datetime>');
  if (cell instanceof Uint8Array) return text('<bytes>');
  if (typeof cell === 'object' && cell !== null) {
    return dict(new Map(Object.entries(cell).map(([key, item]) => [key, cellValue(item)])));
  }
  return toValue(cell ?? null);
}

/** What Jinja2's `select`, `map` and their like give. */
export function generator(items: Value[]): ListValue {
  return Object.assign(list(items), { lazy: true as const, __bool__: () => ({ value: true }) });
}
export const dict = (entries: Map<string | number, Value>): DictValue => new DICT(entries);
export const keyValue = (key: string | number): Value => (typeof key === 'string' ? text(key) : integer(key));
export const boolean = (value: boolean): Value => (value ? TRUE : FALSE);
export const integer = (value: number): NumberValue => new INTEGER(value);
export const callable = (call: FunctionValue['value']): FunctionValue => new FUNCTION(call);

/** `a == b`. */
export function pythonEqual(a: Value, b: Value): boolean {
  if (isUndefined(a) || isUndefined(b)) return isUndefined(a) && isUndefined(b);
  if (isNone(a) || isNone(b)) return isNone(a) && isNone(b);
  if (isText(a) || isText(b)) return isText(a) && isText(b) && a.value === b.value;
  if ((isNumber(a) || isBoolean(a)) && (isNumber(b) || isBoolean(b))) return Number(a.value) === Number(b.value);
  if (isList(a) && isList(b)) {
    const other = b.value;
    return a.value.length === other.length && a.value.every((item, i) => pythonEqual(item, other[i] ?? UNDEFINED));
  }
  if (isDict(a) && isDict(b)) {
    const other = b.value;
    return (
      a.value.size === other.size &&
      [...a.value].every(([key, item]) => other.has(key) && pythonEqual(item, other.get(key) ?? UNDEFINED))
    );
  }
  return a === b;
}

/** `item in container`. */
export function pythonIn(item: Value, container: Value): boolean {
  if (isUndefined(container)) return false;
  if (isList(container)) return container.value.some((each) => pythonEqual(each, item));
  if (isDict(container)) return (isText(item) || isInteger(item)) && container.value.has(item.value);
  if (isText(container)) {
    if (isText(item)) return container.value.includes(item.value);
    throw new TemplateRaises(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  throw new TemplateRaises(`argument of type '${typeName(container)}' is not iterable`);
}

/** What a `for` goes through. */
export function pythonItems(value: Value): Value[] {
  if (isList(value)) return value.value;
  if (isUndefined(value)) return [];
  if (isDict(value)) return [...value.value.keys()].map(keyValue);
  if (isText(value)) return [...value.value].map(text);
  throw new TemplateRaises(`'${typeName(value)}' object is not iterable`);
}

/** `len(value)`; of a text in code points. */
export function pythonLength(value: Value): number {
  if (isDict(value)) return value.value.size;
  if (isNone(value) || isNumber(value) || isBoolean(value) || (isList(value) && value.lazy)) {
    throw new TemplateRaises(`object of type '${typeName(value)}' has no len()`);
  }
  return pythonItems(value).length;
}

/** As Python names the type in its errors. */
export function typeName(value: Value): string {
  const names: Record<string, string> = {
    StringValue: 'str',
    NullValue: 'NoneType',
    IntegerValue: 'int',
    FloatValue: 'float',
    BooleanValue: 'bool',
    ArrayValue: 'list',
    TupleValue: 'tuple',
    ObjectValue: 'dict',
    UndefinedValue: 'Undefined',
  };
  return isList(value) && value.lazy ? 'generator' : (names[value.type] ?? value.type);
}
