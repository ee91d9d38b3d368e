import { type Node, undefinedError } from './engine.ts';
import { pythonText } from './printing.ts';
import {
  boolean,
  isBoolean,
  isInteger,
  isList,
  isNumber,
  isText,
  isUndefined,
  list,
  NotSupported,
  pythonEqual,
  pythonIn,
  TemplateRaises,
  text,
  toValue,
  typeName,
  type Value,
} from './values.ts';

/** Characters of a text that is repeated. */
const MAX_REPEATED = 10_000_000;

/** What an operator but `and` and `or` makes of two values; null where the engine does as Python: between numbers. */
export function pythonOperator(node: Node, left: Value, right: Value): Value | null {
  const operator = (node.operator as Node).value as string;
  switch (operator) {
    case '==':
      return boolean(pythonEqual(left, right));
    case '!=':
      return boolean(!pythonEqual(left, right));
    case 'in':
      return boolean(pythonIn(left, right));
    case 'not in':
      return boolean(!pythonIn(left, right));
    case '~':
      return text(pythonText(left) + pythonText(right));
  }
  if (isUndefined(left)) throw undefinedError(left, node.left);
  if (isUndefined(right)) throw undefinedError(right, node.right);
  if (operator === '+') {
    if ('safe' in left || 'safe' in right) throw new NotSupported('text that is escaped');
    if (isText(left) && isText(right)) return text(left.value + right.value);
    if (isList(left) && isList(right) && !left.lazy && !right.lazy) return list([...left.value, ...right.value]);
  }
  if (operator === '*' && isText(left) && isInteger(right)) {
    if (left.value.length * right.value > MAX_REPEATED) throw new NotSupported('a text of that length');
    return text(left.value.repeat(Math.max(0, right.value)));
  }
  if (operator === '%' && isInteger(left) && isInteger(right) && right.value > 0) {
    return toValue(((left.value % right.value) + right.value) % right.value);
  }
  if (isNumber(left) && isNumber(right)) return null;
  if (isText(left) && isText(right) && operator !== '+') throw new NotSupported(`text ${operator} text`);
  if ((isBoolean(left) || isNumber(left)) && (isBoolean(right) || isNumber(right))) {
    throw new NotSupported(`${operator} of a boolean`);
  }
  throw new TemplateRaises(
    operator === '+' && isText(left)
      ? `can only concatenate str (not "${typeName(right)}") to str`
      : `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}
