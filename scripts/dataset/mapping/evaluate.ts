import type { Expression, Value } from '../../plan/value.ts';
import type { Row } from '../rows.ts';
import { after, field, get, greater, join, lettered, parseJson, pick, same, slice } from './functions.ts';
import { alternating, chat, dialogue, pairs, turns } from './messages.ts';

/**
 * What a value is in one row. Never throws: null stands for whatever the row hasn't. The training script has the
 * same functions in Python, under the same names (scripts/training/map_functions.py); a test compares them.
 */
export function evaluate(value: Value, row: Row): unknown {
  return typeof value === 'string' ? field(row, value) : run(value, row);
}

function run(expression: Expression, row: Row): unknown {
  const at = (value: Value): unknown => evaluate(value, row);
  switch (expression.op) {
    case 'const':
      return expression.value;
    case 'get':
      return get(at(expression.of), expression.key);
    case 'pick':
      return pick(at(expression.of), at(expression.by));
    case 'slice':
      return slice(at(expression.of), expression.start, expression.end);
    case 'join':
      return join(expression.parts.map(at), expression.by);
    case 'lettered':
      return lettered(at(expression.of));
    case 'after':
      return after(at(expression.of), expression.marker);
    case 'json':
      return parseJson(at(expression.of));
    case 'choose': {
      const by = at(expression.by);
      const found = expression.cases.find(({ is }) => same(by, is));
      return found ? at(found.value) : null;
    }
    case 'greater':
      return greater(at(expression.a), at(expression.b));
    case 'chat':
      return chat(
        expression.turns.map((turn) =>
          'role' in turn ? { role: turn.role, content: at(turn.content) } : { turns: at(turn.turns) },
        ),
      );
    case 'turns':
      return turns(at(expression.of), expression);
    case 'pairs':
      return pairs(at(expression.of), expression);
    case 'alternating':
      return alternating(at(expression.of));
    case 'dialogue':
      return dialogue(at(expression.of), expression.speakers);
  }
}
