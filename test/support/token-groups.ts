import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { columnKinds } from '../../scripts/dataset/kinds.ts';
import type { Shape } from '../../scripts/dataset/methods/method.ts';
import { METHOD_RULES } from '../../scripts/dataset/methods/table.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import { isTrainable } from '../../scripts/dataset/trainable.ts';
import { isMixed, merge, type Type, typeOf } from '../../scripts/dataset/types.ts';
import type { Method } from '../../scripts/plan/methods.ts';
import { loadCases } from '../dataset/oracle/case.ts';
import { readOutcomes } from '../dataset/oracle/outcomes.ts';

/** Rows of one shape for one method. */
export interface RowGroup {
  method: Method;
  shape: Shape;
  rows: Row[];
}

const ROWS = fileURLToPath(new URL('../dataset/fixtures/tokenizer/rows.json', import.meta.url));
const METHODS = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo'] as const;

/** Columns that trainers read: rows are compared without the others. */
const READ = 'text messages conversations prompt completion chosen rejected label tools chat_template_kwargs'.split(
  ' ',
);

interface TableGroup extends RowGroup {
  key: string;
  type: Type;
}

/** Rows of the fixtures on which TRL trains, and of rows.json, in groups. */
export function rowGroups(): RowGroup[] {
  const recorded = readOutcomes();
  const groups: TableGroup[] = [];
  for (const { name, rows, template, model, features } of loadCases()) {
    if (template || model || features || !Array.isArray(rows) || JSON.stringify(rows).includes('{"$')) continue;
    addRows(groups, rows as Row[], (method) => recorded.cases[name]?.[method] === 'trains');
  }
  for (const rows of Object.values(JSON.parse(readFileSync(ROWS, 'utf8')) as Record<string, Row[]>)) {
    addRows(groups, rows, () => true);
  }
  return groups;
}

/**
 * Of text TRL looks at any one of the columns, another in each process, to tell whether the rows are conversations and
 * end with no token: where there is a conversation beside the text, that can't be told.
 */
const unread = (format: Shape['format'], conversational: boolean): string[] => [
  ...(format === 'unpaired-preference' ? [] : ['label']),
  ...(conversational ? [] : ['messages', 'conversations']),
];

const withOnly = (row: Row, names: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));

function addRows(
  groups: TableGroup[],
  rows: readonly Row[],
  trains: (method: (typeof METHODS)[number]) => boolean,
): void {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => READ.includes(name)).sort();
  const columns = names.map((name) => ({ name, type: 'unknown' }));
  for (const method of METHODS) {
    const rules = METHOD_RULES.find((each) => each.method === method);
    const found = rules?.shape(columnKinds(columns, rows));
    if (!found || !('shape' in found) || !trains(method)) continue;
    const { format, conversational, vision } = found.shape;
    const read = READ.filter((name) => !unread(format, conversational).includes(name));
    const good = rows.filter((row) => isTrainable(format, conversational, row)).map((row) => withOnly(row, read));
    if (vision || good.length === 0) continue;
    const key = [method, format, conversational, ...names].join();
    const type = typeOf(good);
    // A group is one table, whose columns have a type each.
    let group = groups.find((each) => each.key === key && !isMixed(merge(each.type, type)));
    if (!group) {
      group = { key, type, method, shape: found.shape, rows: [] };
      groups.push(group);
    }
    group.type = merge(group.type, type);
    group.rows.push(...good);
  }
}
