import {
  isDict,
  isInteger,
  isList,
  isNone,
  isText,
  isUndefined,
  NotSupported,
  pythonEqual,
  pythonIn,
  UNDEFINED,
  type Value,
} from './values.ts';

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
