import { isRecord, type Row } from '../rows.ts';

const COLUMNS = ['messages', 'conversations', 'prompt', 'completion', 'chosen', 'rejected'];

/**
 * What a chat template can tell rows apart by, but for the words: roles in order, which keys there are and of what
 * type, whether texts are empty, tools, template arguments. Rows of one structure meet the same fate, except where a
 * template raises on particular words.
 */
export function rowStructure(row: Row): string {
  const columns = COLUMNS.filter((name) => name in row).map((name) => `${name}:${conversation(row[name])}`);
  const kwargs = isRecord(row.chat_template_kwargs) ? JSON.stringify(row.chat_template_kwargs) : '';
  return [...columns, shapeOf(row.tools, 4), kwargs].join('|');
}

function conversation(cell: unknown): string {
  if (!Array.isArray(cell)) return shapeOf(cell, 0);
  return cell
    .map((message: unknown) => {
      if (!isRecord(message)) return shapeOf(message, 0);
      const rest = Object.keys(message).filter((key) => key !== 'role');
      return `${String(message.role)}(${rest.map((key) => `${key}=${shapeOf(message[key], 3)}`).join(',')})`;
    })
    .join(';');
}

function shapeOf(value: unknown, depth: number): string {
  if (value === null || value === undefined) return '0';
  if (typeof value === 'string') return value.trim() === '' ? 'e' : 's';
  if (typeof value !== 'object') return typeof value;
  if (Array.isArray(value)) {
    return depth === 0 ? 'l' : `[${[...new Set(value.map((item) => shapeOf(item, depth - 1)))].join(' ')}]`;
  }
  if (depth === 0) return 'o';
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}:${shapeOf(item, depth - 1)}`)
    .join(' ')}}`;
}
