/**
 * Column types as they come from JSON values. The training script builds an Arrow table of the rows, whose columns
 * hold one type each: mixed types stop it (tried against pyarrow.array), missing keys and nulls don't.
 */
export type Type =
  | { kind: 'null' }
  | { kind: 'value'; name: 'string' | 'int64' | 'float64' | 'bool' | 'timestamp' | 'binary' }
  | { kind: 'list'; item: Type }
  | { kind: 'struct'; fields: ReadonlyMap<string, Type> }
  | { kind: 'mixed' };

const MAX_DEPTH = 32;
const MAX_FIELDS = 1000;
const NULL: Type = { kind: 'null' };
const MIXED: Type = { kind: 'mixed' };

export function typeOf(value: unknown, depth = 0): Type {
  if (value === null || value === undefined) return NULL;
  if (depth > MAX_DEPTH) return MIXED;
  if (Array.isArray(value)) {
    return { kind: 'list', item: value.reduce<Type>((type, item) => merge(type, typeOf(item, depth + 1)), NULL) };
  }
  if (value instanceof Date) return { kind: 'value', name: 'timestamp' };
  if (value instanceof Uint8Array) return { kind: 'value', name: 'binary' };
  switch (typeof value) {
    case 'string':
      return { kind: 'value', name: 'string' };
    case 'bigint':
      return isInt64(value) ? { kind: 'value', name: 'int64' } : MIXED;
    case 'number':
      return numberType(value);
    case 'boolean':
      return { kind: 'value', name: 'bool' };
    case 'object': {
      const entries = Object.entries(value);
      if (entries.length > MAX_FIELDS) return MIXED;
      return { kind: 'struct', fields: new Map(entries.map(([key, item]) => [key, typeOf(item, depth + 1)])) };
    }
    default:
      return MIXED;
  }
}

function numberType(value: number): Type {
  if (!Number.isInteger(value)) return { kind: 'value', name: 'float64' };
  return Math.abs(value) < 2 ** 63 ? { kind: 'value', name: 'int64' } : MIXED;
}

/** Whether `merge(type, typeOf(value))` would be `type` itself; makes nothing, so it is for every row. */
export function fits(type: Type, value: unknown, depth = 0): boolean {
  if (value === null || value === undefined || type.kind === 'mixed') return true;
  if (depth > MAX_DEPTH) return false;
  switch (type.kind) {
    case 'null':
      return false;
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(type.item, item, depth + 1));
    case 'struct':
      return isPlain(value) && fieldsFit(type.fields, value, depth);
    default:
      return valueFits(type.name, value);
  }
}

function fieldsFit(fields: ReadonlyMap<string, Type>, value: object, depth: number): boolean {
  for (const [key, item] of Object.entries(value)) {
    const field = fields.get(key);
    if (!field || !fits(field, item, depth + 1)) return false;
  }
  return true;
}

function valueFits(name: (Type & { kind: 'value' })['name'], value: unknown): boolean {
  switch (name) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'timestamp':
      return value instanceof Date;
    case 'binary':
      return value instanceof Uint8Array;
    case 'int64':
      return typeof value === 'bigint' ? isInt64(value) : Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 63;
    case 'float64':
      return typeof value === 'bigint' ? isInt64(value) : typeof value === 'number' && !isHuge(value);
  }
}

const isInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value;

/** A whole number that no int64 holds. */
const isHuge = (value: number): boolean => Number.isInteger(value) && Math.abs(value) >= 2 ** 63;

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array);

/** The type of a place that holds values of both types. The same object as `a` where `b` adds nothing. */
export function merge(a: Type, b: Type): Type {
  if (a.kind === 'null' || a === b) return b;
  if (b.kind === 'null' || a.kind === 'mixed') return a;
  if (a.kind === 'value' && b.kind === 'value') {
    if (a.name === b.name) return a;
    if (a.name === 'float64' && b.name === 'int64') return a;
    return a.name === 'int64' && b.name === 'float64' ? b : MIXED;
  }
  if (a.kind === 'list' && b.kind === 'list') {
    const item = merge(a.item, b.item);
    return item === a.item ? a : { kind: 'list', item };
  }
  return a.kind === 'struct' && b.kind === 'struct' ? mergeStructs(a, b) : MIXED;
}

function mergeStructs(a: Type & { kind: 'struct' }, b: Type & { kind: 'struct' }): Type {
  let fields: Map<string, Type> | undefined;
  for (const [key, type] of b.fields) {
    const known = a.fields.get(key);
    const merged = known ? merge(known, type) : type;
    if (merged === known) continue;
    fields ??= new Map(a.fields);
    fields.set(key, merged);
    if (fields.size > MAX_FIELDS) return MIXED;
  }
  return fields ? { kind: 'struct', fields } : a;
}

export function isMixed(type: Type): boolean {
  if (type.kind === 'list') return isMixed(type.item);
  return type.kind === 'struct' ? [...type.fields.values()].some(isMixed) : type.kind === 'mixed';
}

/** In the words of `datasets` features. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'value':
      return type.name;
    case 'list':
      return `list<${typeName(type.item)}>`;
    case 'struct':
      return `struct<${[...type.fields].map(([key, field]) => `${key}: ${typeName(field)}`).join(', ')}>`;
    default:
      return type.kind;
  }
}
