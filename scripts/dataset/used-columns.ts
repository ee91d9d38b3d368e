import { type Row, UNSEEN } from './rows.ts';

/** Columns that some trainer reads. */
export const USED: ReadonlySet<string> = new Set([
  'input_ids',
  'text',
  'messages',
  'conversations',
  'prompt',
  'completion',
  'chosen',
  'rejected',
  'label',
  'margin',
  'image',
  'images',
  'tools',
  'chat_template_kwargs',
]);

/** A key that some rows lack is null there in the table that trains. */
export function asInTable(row: Row, columns: readonly string[]): Row {
  const lacking = columns.filter((name) => !(name in row));
  return lacking.length === 0 ? row : { ...Object.fromEntries(lacking.map((name) => [name, null])), ...row };
}

/** Whether a cell that decides was seen in part. */
export const isCut = (row: Row): boolean => Object.keys(row).some((name) => row[name] === UNSEEN && USED.has(name));
