import { Environment } from '@huggingface/jinja';
import { constant, Engine, type Node, setVariable, undefinedError } from './engine.ts';
import { ALIASES, FILTERS, OTHER_FILTERS } from './filters.ts';
import { bind, LoopControl, loopValue } from './loops.ts';
import { dictMember, listMember } from './members.ts';
import { pythonTest } from './named-tests.ts';
import { pythonOperator } from './operators.ts';
import { pythonText } from './printing.ts';
import { textMethod } from './text-methods.ts';
import {
  boolean,
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
  missing,
  NONE,
  NotSupported,
  pythonItems,
  TakesTooLong,
  TemplateRaises,
  text,
  toValue,
  typeName,
  UNDEFINED,
  type Value,
} from './values.ts';

/** Parts of a template that are run: enough for some thousand turns. A template is somebody's words, and may be endless. */
const MAX_STEPS = 1_000_000;

/** Functions of Jinja2 that are not here. */
const OTHER_GLOBALS = new Set(['dict', 'lipsum', 'cycler', 'joiner', 'self', 'super', 'caller', 'namespace']);

/** Statements that print nothing. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);

/**
 * @huggingface/jinja with Python's rules where it follows JavaScript's: undefined and None, truth, equality, printing,
 * loop scopes. Throws TemplateRaises where Python raises; anything else that is thrown means that it can't tell.
 *
 * Why it is here: of 2,940 pairs of a real template and a conversation the engine alone (0.5.11) renders 85 in other
 * words than Python and 101 on which Python raises, and can't do 224 that Python renders. With this no pair differs and
 * 8 can't be done (test/train/chat-templates.test.ts). Values that are wrapped would not do: the engine asks for its own
 * classes of undefined and null inside these methods.
 */
export class PythonInterpreter extends Engine {
  #steps = 0;

  override evaluate(node: Node | undefined, environment: Environment): Value {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw new TakesTooLong('the template takes too long');
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
    const macro = environment.lookupVariable(name) as Value;
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
    // The engine evaluates the operands again: constants here.
    const known = { ...node, left: constant(left), right: constant(right) };
    return pythonOperator(node, left, right) ?? super.evaluateBinaryExpression(known, environment);
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
    if (isNone(object)) return isText(key) ? missing(`'None' has no attribute '${key.value}'`) : UNDEFINED;
    if (isText(object) && isInteger(key)) {
      const char = [...object.value].at(key.value);
      return char === undefined ? missing(`str object has no element ${key.value}`) : text(char);
    }
    if (isText(object) && isText(key)) {
      const method = textMethod(object, key.value);
      if (method) return method;
    }
    if (isDict(object)) return dictMember(object, key, name !== null);
    if (isList(object)) {
      if (isText(key)) return listMember(key.value);
      if (object.lazy) return UNDEFINED;
      if (isInteger(key)) return object.value.at(key.value) ?? missing(`list object has no element ${key.value}`);
    }
    if ((isNumber(object) || isBoolean(object)) && isText(key)) {
      return missing(`'${typeName(object)} object' has no attribute '${key.value}'`);
    }
    return super.evaluateMemberExpression(
      { ...node, object: constant(object), property: constant(key), computed: true },
      environment,
    );
  }
}
