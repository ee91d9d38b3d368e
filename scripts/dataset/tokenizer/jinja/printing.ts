import {
  isBoolean,
  isDict,
  isInteger,
  isList,
  isNone,
  isNumber,
  isText,
  isUndefined,
  keyValue,
  NotSupported,
  type NumberValue,
  type Value,
} from './values.ts';

/** `str(value)`: what `{{ value }}` prints. */
export function pythonText(value: Value): string {
  if (isText(value)) return value.value;
  return isUndefined(value) ? '' : pythonRepr(value);
}

function pythonRepr(value: Value): string {
  if (isText(value)) return textRepr(value.value);
  if (isNone(value)) return 'None';
  if (isBoolean(value)) return value.value ? 'True' : 'False';
  if (isNumber(value)) return numberText(value);
  if (isUndefined(value)) return 'Undefined';
  if (value.type === 'TupleValue' && isList(value)) {
    return `(${value.value.map(pythonRepr).join(', ')}${value.value.length === 1 ? ',' : ''})`;
  }
  if (isList(value) && value.lazy) throw new NotSupported('prints a generator');
  if (isList(value)) return `[${value.value.map(pythonRepr).join(', ')}]`;
  if (isDict(value)) {
    return `{${[...value.value].map(([key, item]) => `${pythonRepr(keyValue(key))}: ${pythonRepr(item)}`).join(', ')}}`;
  }
  throw new NotSupported(`prints a ${value.type}`);
}

function numberText(value: NumberValue): string {
  const number = value.value;
  if (isInteger(value)) return BigInt(number).toString();
  if (Number.isInteger(number) && Math.abs(number) < 1e16) return number.toFixed(1);
  const shown = String(number);
  // Python turns to exponents at other sizes, and writes them with two digits.
  if (/e/.test(shown) || Math.abs(number) >= 1e16 || Math.abs(number) < 1e-4) throw new NotSupported('prints a float');
  return shown;
}

function textRepr(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what Python escapes
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u00a0\u00ad\u2028-\uffff]/.test(value)) {
    throw new NotSupported('prints a text that Python escapes');
  }
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
