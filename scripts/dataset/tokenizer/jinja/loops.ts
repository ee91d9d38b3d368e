import type { Environment } from '@huggingface/jinja';
import { type Node, setVariable } from './engine.ts';
import { boolean, dict, integer, NotSupported, pythonItems, TemplateRaises, UNDEFINED, type Value } from './values.ts';

/** `break` or `continue`, with what the block had printed before it. */
export class LoopControl extends Error {
  printed = '';
  constructor(readonly leaves: boolean) {
    super();
  }
}

/** Gives the names of a `for` their values. */
export function bind(target: Node, item: Value, scope: Environment): void {
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

/** The variable `loop`. */
export function loopValue(items: readonly Value[], index: number): Value {
  const { length } = items;
  return dict(
    new Map<string, Value>([
      ['index', integer(index + 1)],
      ['index0', integer(index)],
      ['revindex', integer(length - index)],
      ['revindex0', integer(length - index - 1)],
      ['first', boolean(index === 0)],
      ['last', boolean(index === length - 1)],
      ['length', integer(length)],
      ['depth', integer(1)],
      ['depth0', integer(0)],
      ['previtem', items[index - 1] ?? UNDEFINED],
      ['nextitem', items[index + 1] ?? UNDEFINED],
    ]),
  );
}
