import type { Planned } from '../plan/methods.ts';
import { type Row, UNSEEN } from './rows.ts';

/** Columns of which a chat template may see the objects key by key. */
export const TEMPLATED: readonly string[] = [
  'messages',
  'conversations',
  'prompt',
  'completion',
  'chosen',
  'rejected',
  'tools',
  'chat_template_kwargs',
];

/** Columns that some trainer reads. */
export const USED: ReadonlySet<string> = new Set([
  ...TEMPLATED,
  'input_ids',
  'text',
  'label',
  'margin',
  'image',
  'images',
]);

const BESIDE = ['tools', 'chat_template_kwargs', 'images', 'image'];
/** By method, what its trainer reads of a row; of GRPO's and RLOO's the rewards may read any other. */
export const READ_BY: Readonly<Record<Planned, readonly string[]>> = {
  sft: ['messages', 'text', 'prompt', 'completion', 'conversations', ...BESIDE],
  dpo: ['prompt', 'chosen', 'rejected', ...BESIDE],
  kto: ['prompt', 'completion', 'label', 'chosen', 'rejected', ...BESIDE],
  reward: ['prompt', 'chosen', 'rejected', 'margin', 'tools', 'chat_template_kwargs'],
  grpo: ['prompt', 'images', 'image'],
  rloo: ['prompt', 'images', 'image'],
};

/** A key that some rows lack is null there in the table that trains. */
export function asInTable(row: Row, columns: readonly string[]): Row {
  const lacking = columns.filter((name) => !(name in row));
  return lacking.length === 0 ? row : { ...Object.fromEntries(lacking.map((name) => [name, null])), ...row };
}

/** Whether a cell that decides was seen in part. */
export const isCut = (row: Row): boolean => Object.keys(row).some((name) => row[name] === UNSEEN && USED.has(name));
