import { Environment, Interpreter, type parse } from '@huggingface/jinja';
import { ALIASES, FILTERS, OTHER_FILTERS, pythonTest } from './python-filters.ts';
import { textMethod } from './python-text.ts';
import {
  boolean,
  callable,
  type DictValue,
  dict,
  isBoolean,
  isDict,
  isFunction,
  isInteger,
  isList,
  isNone,
  isNumber,
  isText,
  isUndefined,
  keyValue,
  list,
  missing,
  NONE,
  NotSupported,
  pythonEqual,
  pythonIn,
  pythonItems,
  pythonText,
  TemplateRaises,
  text,
  toValue,
  typeName,
  UNDEFINED,
  type Value,
} from './python-values.ts';

type Program = ReturnType<typeof parse>;

/** A node of the template's syntax tree, as far as it is looked at here. */
interface Node {
  type: string;
  [part: string]: unknown;
}

/** The engine's methods that are replaced or used here; its types keep them private. */
interface Engine {
  run(program: Program): Value;
  evaluate(node: Node | undefined, environment: Environment): Value;
  evaluateBinaryExpression(node: Node, environment: Environment): Value;
  evaluateArguments(args: Node[], environment: Environment): [Value[], Map<string, Value>];
  evaluateSliceExpression(object: Value, node: Node, environment: Environment): Value;
  evaluateMemberExpression(node: Node, environment: Environment): Value;
  evaluateMacro(node: Node, environment: Environment): Value;
  evaluateCallExpression(node: Node, environment: Environment): Value;
  applyFilter(operand: Value, filter: Node, environment: Environment): Value;
}
const Base = Interpreter as unknown as new (environment: Environment) => Engine;

/** `break` or `continue`, with what the block had printed before it. */
class LoopControl extends Error {
  printed = '';
  constructor(readonly leaves: boolean) {
    super();
  }
}

/** Functions of Jinja2 that are not here. */
const OTHER_GLOBALS = new Set(['dict', 'lipsum', 'cycler', 'joiner', 'self', 'super', 'caller', 'namespace']);

/** Statements that print nothing. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);

/**
 * Jinja2's rules where @huggingface/jinja follows JavaScript's: undefined and None, truth, equality, printing,
 * loop scopes. Throws TemplateRaises where Python raises; anything else that is thrown means that it can't tell.
 */
export class PythonInterpreter extends Base {
  override evaluate(node: Node | undefined, environment: Environment): Value {
    if (node?.type === 'Constant') return node.constant as Value;
    if (node?.type === 'Break' || node?.type === 'Continue') throw new LoopControl(node.type === 'Break');
    if (node?.type === 'ObjectLiteral') return this.evaluateDict(node.value as Map<Node, Node>, environment);
    return super.evaluate(node, environment);
  }

  private evaluateDict(pairs: Map<Node, Node>, environment: Environment): Value {
    const entries = new Map<string | number, Value>();
    for (const [key, item] of pairs) {
      const name = this.evaluate(key, environment);
      if (!isText(name) && !isInteger(name)) throw new NotSupported(`a dict with a key that is ${typeName(name)}`);
      entries.set(name.value, this.evaluate(item, environment));
    }
    return dict(entries);
  }

  evaluateBlock(statements: Node[], environment: Environment): Value {
    let printed = '';
    for (const statement of statements) {
      try {
        const value = this.evaluate(statement, environment);
        if (!SILENT.has(statement.type)) printed += pythonText(value);
      } catch (error) {
        if (error instanceof LoopControl) error.printed = printed + error.printed;
        throw error;
      }
    }
    return text(printed);
  }

  evaluateFor(node: Node, environment: Environment): Value {
    const over = node.iterable as Node;
    const chosen = over.type === 'SelectExpression';
    const outer = new Environment(environment);
    const all = pythonItems(this.evaluate(chosen ? (over.lhs as Node) : over, outer));
    const passes = (item: Value): boolean => {
      const scope = new Environment(outer);
      bind(node.loopvar as Node, item, scope);
      return this.evaluate(over.test as Node, scope).__bool__().value;
    };
    const items = chosen ? all.filter(passes) : all;
    if (items.length === 0) return this.evaluateBlock(node.defaultBlock as Node[], outer);
    let printed = '';
    for (const [index, item] of items.entries()) {
      const scope = new Environment(outer);
      bind(node.loopvar as Node, item, scope);
      setVariable(scope, 'loop', loopValue(items, index));
      try {
        printed += pythonText(this.evaluateBlock(node.body as Node[], scope));
      } catch (error) {
        if (!(error instanceof LoopControl)) throw error;
        printed += error.printed;
        if (error.leaves) break;
      }
    }
    return text(printed);
  }

  /** A macro sees where it was defined, not where it is called. */
  override evaluateMacro(node: Node, environment: Environment): Value {
    super.evaluateMacro(node, environment);
    const name = (node.name as Node).value as string;
    const macro = lookup(environment, name);
    if (!isFunction(macro)) throw new NotSupported('a macro that is none');
    const { value } = macro;
    macro.value = (args, calledIn) => {
      const scope = new Environment(environment);
      const caller = calledIn.variables.get('caller');
      if (caller) scope.variables.set('caller', caller);
      return value(args, scope);
    };
    return NONE;
  }

  override evaluateBinaryExpression(node: Node, environment: Environment): Value {
    const operator = (node.operator as Node).value as string;
    const left = this.evaluate(node.left as Node, environment);
    if (operator === 'and' || operator === 'or') {
      return left.__bool__().value === (operator === 'and') ? this.evaluate(node.right as Node, environment) : left;
    }
    const right = this.evaluate(node.right as Node, environment);
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
    if (isUndefined(left) || isUndefined(right))
      throw undefinedError(isUndefined(left) ? left : right, isUndefined(left) ? node.left : node.right);
    if (operator === '+') {
      if ('safe' in left || 'safe' in right) throw new NotSupported('text that is escaped');
      if (isText(left) && isText(right)) return text(left.value + right.value);
      if (isList(left) && isList(right) && !left.lazy && !right.lazy) return list([...left.value, ...right.value]);
    }
    if (operator === '*' && isText(left) && isInteger(right)) return text(left.value.repeat(Math.max(0, right.value)));
    if (operator === '%' && isInteger(left) && isInteger(right) && right.value > 0) {
      return toValue(((left.value % right.value) + right.value) % right.value);
    }
    if (isNumber(left) && isNumber(right)) {
      // The engine evaluates the operands again: constants here.
      return super.evaluateBinaryExpression({ ...node, left: constant(left), right: constant(right) }, environment);
    }
    if (isText(left) && isText(right) && operator !== '+') throw new NotSupported(`text ${operator} text`);
    if ((isBoolean(left) || isNumber(left)) && (isBoolean(right) || isNumber(right)))
      throw new NotSupported(`${operator} of a boolean`);
    throw new TemplateRaises(
      operator === '+' && isText(left)
        ? `can only concatenate str (not "${typeName(right)}") to str`
        : `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
    );
  }

  evaluateTestExpression(node: Node, environment: Environment): Value {
    const test = node.test as Node;
    if (test.type !== 'Identifier') throw new NotSupported('a test with arguments');
    const operand = this.evaluate(node.operand as Node, environment);
    return boolean(pythonTest(test.value as string, operand, []) !== (node.negate === true));
  }

  override applyFilter(operand: Value, filter: Node, environment: Environment): Value {
    const called = filter.type === 'CallExpression';
    const written = (called ? (filter.callee as Node).value : filter.value) as string;
    const name = ALIASES[written] ?? written;
    const own = FILTERS[name];
    if (!own) {
      if (!OTHER_FILTERS.has(name)) throw new TemplateRaises(`No filter named '${name}' found.`);
      if (isUndefined(operand) || isNone(operand)) throw new NotSupported(`the filter ${name} of nothing`);
      return super.applyFilter(operand, filter, environment);
    }
    const [args, named] = called ? this.evaluateArguments(filter.args as Node[], environment) : [[], new Map()];
    const apply = (value: Value, other: string, rest: Value[]): Value => {
      const known = FILTERS[ALIASES[other] ?? other];
      if (!known) throw new NotSupported(`map with the filter ${other}`);
      return known(value, { args: rest, named: new Map(), environment, apply });
    };
    return own(operand, { args, named, environment, apply });
  }

  override evaluateCallExpression(node: Node, environment: Environment): Value {
    const callee = node.callee as Node;
    const called = this.evaluate(callee, environment);
    const known = callee.type === 'Identifier' && OTHER_GLOBALS.has(callee.value as string);
    if (known && isUndefined(called)) throw new NotSupported(`the function ${callee.value}`);
    if (isUndefined(called)) throw undefinedError(called, callee);
    if (!isFunction(called)) throw new TemplateRaises(`'${typeName(called)}' object is not callable`);
    return super.evaluateCallExpression({ ...node, callee: constant(called) }, environment);
  }

  override evaluateMemberExpression(node: Node, environment: Environment): Value {
    const object = this.evaluate(node.object as Node, environment);
    const property = node.property as Node;
    const name = node.computed ? null : (property.value as string);
    if (isUndefined(object)) throw undefinedError(object, node.object);
    if (node.computed && property.type === 'SliceExpression') {
      if (isNone(object)) throw new TemplateRaises("'NoneType' object is not subscriptable");
      return this.evaluateSliceExpression(object, property, environment);
    }
    const key = name === null ? this.evaluate(property, environment) : toValue(name);
    if (isNone(object)) return UNDEFINED;
    if (isText(object) && isInteger(key)) {
      const char = [...object.value].at(key.value);
      return char === undefined ? UNDEFINED : text(char);
    }
    if (isText(object) && isText(key)) {
      const method = textMethod(object, key.value);
      if (method) return method;
    }
    if (isDict(object)) return dictMember(object, key, name !== null);
    if (isList(object)) {
      if (isText(key)) return listMember(key.value);
      if (object.lazy) return UNDEFINED;
    }
    if ((isNumber(object) || isBoolean(object)) && isText(key)) return UNDEFINED;
    return super.evaluateMemberExpression(
      { ...node, object: constant(object), property: constant(key), computed: true },
      environment,
    );
  }
}

/** A node that stands for a value that is known already. */
const constant = (value: Value): Node => ({ type: 'Constant', constant: value });

const lookup = (environment: Environment, name: string): Value => environment.lookupVariable(name);

function setVariable(environment: Environment, name: string, value: Value): void {
  (environment as unknown as { variables: Map<string, Value> }).variables.set(name, value);
}

function bind(target: Node, item: Value, scope: Environment): void {
  if (target.type === 'Identifier') {
    setVariable(scope, target.value as string, item);
    return;
  }
  if (target.type !== 'TupleLiteral') throw new NotSupported(`a loop over ${target.type}`);
  const names = target.value as Node[];
  const parts = pythonItems(item);
  if (parts.length !== names.length) {
    throw new TemplateRaises(
      parts.length < names.length
        ? `not enough values to unpack (expected ${names.length}, got ${parts.length})`
        : `too many values to unpack (expected ${names.length})`,
    );
  }
  names.forEach((name, index) => {
    bind(name, parts[index] ?? UNDEFINED, scope);
  });
}

function loopValue(items: readonly Value[], index: number): Value {
  const { length } = items;
  const loop = toValue({
    index: index + 1,
    index0: index,
    revindex: length - index,
    revindex0: length - index - 1,
    first: index === 0,
    last: index === length - 1,
    length,
    depth: 1,
    depth0: 0,
  });
  if (!isDict(loop)) throw new NotSupported('a loop');
  loop.value.set('previtem', items[index - 1] ?? UNDEFINED);
  loop.value.set('nextitem', items[index + 1] ?? UNDEFINED);
  return loop;
}

/** Methods of a dict, which Jinja2 prefers to a key of that name after a dot, and falls back to in brackets. */
const DICT_METHODS: Readonly<Record<string, (dict: DictValue) => Value>> = {
  get: (self) =>
    callable(([key, fallback = NONE]) => {
      if (!key || !(isText(key) || isInteger(key))) throw new NotSupported('get by something else than text');
      return self.value.get(key.value) ?? fallback;
    }),
  items: (self) => callable(() => list([...self.value].map(([key, item]) => list([keyValue(key), item])))),
  keys: (self) => callable(() => list([...self.value.keys()].map(keyValue))),
  values: (self) => callable(() => list([...self.value.values()])),
  copy: (self) => callable(() => dict(new Map(self.value))),
};
/** Methods that change what they belong to; the sandbox refuses them. */
const CHANGING = ['pop', 'popitem', 'update', 'setdefault', 'clear', 'append', 'extend', 'insert', 'remove', 'sort'];

function dictMember(self: DictValue, key: Value, dotted: boolean): Value {
  if (isInteger(key)) return self.value.get(key.value) ?? UNDEFINED;
  if (!isText(key)) return UNDEFINED;
  const method = Object.hasOwn(DICT_METHODS, key.value) ? DICT_METHODS[key.value] : undefined;
  const own = self.value.get(key.value);
  if (own && !(dotted && (method || CHANGING.includes(key.value)))) return own;
  return method?.(self) ?? memberOfChange(key.value, 'dict');
}

function listMember(name: string): Value {
  if (name === 'index' || name === 'count' || name === 'copy') throw new NotSupported(`the method ${name} of a list`);
  return memberOfChange(name, 'list');
}

function memberOfChange(name: string, of: string): Value {
  if (!CHANGING.includes(name)) return missing(`'${of} object' has no attribute '${name}'`);
  return callable(() => {
    throw new TemplateRaises(`access to attribute '${name}' of '${of}' object is unsafe.`);
  });
}

function undefinedError(value: Value, node: unknown): TemplateRaises {
  return new TemplateRaises('why' in value ? String(value.why) : `${written(node)} is undefined`);
}

/** How an expression is called in an error: `'content'`, as Jinja2 names the last part. */
function written(node: unknown): string {
  const { type, value, property } = (node ?? {}) as Node;
  if (type === 'Identifier' || type === 'StringLiteral') return `'${value}'`;
  if (type === 'MemberExpression') return written(property);
  return 'a value';
}
