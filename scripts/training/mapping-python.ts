import type { Mapping } from '../plan/mapping.ts';
import { type Expression, operands, sourceColumns, type Value } from '../plan/value.ts';
import functions from './map_functions.py';
import { type Code, call, dict, entry, layOut, list, literal } from './python-code.ts';
import { pythonLiteral } from './python-literal.ts';
import { parseModule, selectRegions } from './python-source.ts';

/**
 * A mapping as a small Python module: `map_row` and, of map_functions.py, the functions that it calls. Short enough to
 * be read; the person sees the text that the training script runs.
 */
export function mappingPython(mapping: Mapping): string {
  return `${importsOf(mapping)}\n\n\n${functionsAndMap(mapping)}`;
}

/** The same in a training script. `SOURCES`: the columns that expressions read. */
export function mapRowModule(mapping: Mapping): string {
  const made = mapping.columns.filter(({ from }) => typeof from !== 'string');
  const sources = [...new Set((made.length > 0 ? made : mapping.columns).flatMap(({ from }) => sourceColumns(from)))];
  return [
    '"""What the mapping makes of one row."""',
    `\n${importsOf(mapping)}\n`,
    `# <made_columns>\nSOURCES = ${pythonLiteral(sources, 0, 'SOURCES = '.length)}\n\n\n# </made_columns>`,
    functionsAndMap(mapping),
  ].join('\n');
}

function importsOf(mapping: Mapping): string {
  const wanted = functionsOf(mapping);
  const modules = [...(wanted.has('json') ? ['import json'] : []), ...(wanted.has('dialogue') ? ['import re'] : [])];
  return [...modules, 'from typing import Any'].join('\n');
}

function functionsAndMap(mapping: Mapping): string {
  const { body } = parseModule(selectRegions(functions, functionsOf(mapping)));
  const entries = mapping.columns.map(({ to, from }) => `        ${layOut(entry(to, code(from)), 8)},\n`);
  const map = `def map_row(row: dict[str, Any]) -> dict[str, Any]:\n    return {\n${entries.join('')}    }\n`;
  return body === '' ? map : `${body}\n\n\n${map}`;
}

/** Regions of map_functions.py that these columns need. */
function functionsOf({ columns }: Mapping): Set<string> {
  const found = new Set<string>();
  const visit = (value: Value): void => {
    if (typeof value === 'string') return;
    if (value.op !== 'chat' || !isPlainChat(value)) found.add(value.op);
    if (value.op === 'pick' || value.op === 'join') found.add('whole_number');
    if (value.op === 'pairs') found.add('get');
    operands(value).forEach(visit);
  };
  for (const { from } of columns) visit(from);
  return found;
}

type Of<Op extends Expression['op']> = Extract<Expression, { op: Op }>;

function code(value: Value): Code {
  if (typeof value === 'string') return call('row.get', [literal(value)]);
  switch (value.op) {
    case 'const':
      return literal(value.value);
    case 'get':
      return call('get', [code(value.of), literal(value.key)]);
    case 'pick':
      return call('pick', [code(value.of), code(value.by)]);
    case 'slice':
      return call('items', [code(value.of), literal(value.start), literal(value.end)]);
    case 'join':
      return call('join', [literal(value.by), ...value.parts.map(code)]);
    case 'after':
      return call('after', [code(value.of), literal(value.marker)]);
    case 'json':
      return call('parse_json', [code(value.of)]);
    case 'choose':
      return call('choose', [
        code(value.by),
        list(value.cases.map((each) => list([literal(each.is), code(each.value)], '()'))),
      ]);
    case 'greater':
      return call('greater', [code(value.a), code(value.b)]);
    case 'chat':
      return chatCode(value);
    case 'turns': {
      const { role, content, roles } = value;
      return call('turns', [code(value.of), literal(role), literal(content), names(roles.map((r) => [r.is, r.role]))]);
    }
    case 'pairs':
      return call('pairs', [code(value.of), literal(value.user), literal(value.assistant)]);
    case 'dialogue':
      return call('dialogue', [code(value.of), names(value.speakers.map(({ marker, role }) => [marker, role]))]);
    case 'lettered':
    case 'alternating':
      return call(value.op, [code(value.of)]);
  }
}

/** Messages that are always there need no function: a list says it. */
const isPlainChat = ({ turns }: Of<'chat'>): boolean => turns.every((turn) => 'role' in turn && turn.role !== 'system');

function chatCode(chat: Of<'chat'>): Code {
  const parts: Code[] = [];
  let messages: Code[] = [];
  const flush = (): void => {
    if (messages.length > 0) parts.push(list(messages));
    messages = [];
  };
  for (const turn of chat.turns) {
    if ('role' in turn) {
      messages.push(
        dict([
          ['role', literal(turn.role)],
          ['content', code(turn.content)],
        ]),
      );
    } else {
      flush();
      parts.push(code(turn.turns));
    }
  }
  flush();
  const [only] = parts;
  return only !== undefined && isPlainChat(chat) ? only : call('chat', parts);
}

/** The first of a name counts. */
function names(pairs: readonly (readonly [string, string])[]): Code {
  const unique = new Map([...pairs].reverse());
  const inOrder = [...new Set(pairs.map(([name]) => name))];
  return dict(inOrder.map((name) => [name, literal(unique.get(name) ?? '')]));
}
