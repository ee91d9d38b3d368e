import { type Environment, Interpreter, type parse } from '@huggingface/jinja';
import { TemplateRaises, type Value } from './values.ts';

export type Program = ReturnType<typeof parse>;

/** A node of the template's syntax tree, as far as it is looked at here. */
export interface Node {
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
export const Engine = Interpreter as unknown as new (environment: Environment) => Engine;

/** A node that stands for a value that is known already. */
export const constant = (value: Value): Node => ({ type: 'Constant', constant: value });

/** Sets a variable, whatever it was; the engine's own `set` refuses a name that is taken. */
export function setVariable(environment: Environment, name: string, value: Value): void {
  (environment as unknown as { variables: Map<string, Value> }).variables.set(name, value);
}

export function undefinedError(value: Value, node: unknown): TemplateRaises {
  return new TemplateRaises('why' in value ? String(value.why) : `${written(node)} is undefined`);
}

/** How an expression is called in an error: `'content'`, as Jinja2 names the last part. */
function written(node: unknown): string {
  const { type, value, property } = (node ?? {}) as Node;
  if (type === 'Identifier' || type === 'StringLiteral') return `'${value}'`;
  if (type === 'MemberExpression') return written(property);
  return 'a value';
}
