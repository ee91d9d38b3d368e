import { isRecord, type Row } from './rows.ts';

/**
 * A row as SFTTrainer first makes it: `conversations` of {from, value} become `messages` of {role, content}, in place of
 * any that are there; the roles stay as they are.
 */
export function asSftReads(row: Row): Row {
  const { conversations, ...rest } = row;
  if (!Array.isArray(conversations)) return row;
  const first: unknown = conversations[0];
  if (!isRecord(first) || !('from' in first) || !('value' in first)) return row;
  return { ...rest, messages: conversations.map(renamed) };
}

function renamed(turn: unknown): unknown {
  if (!isRecord(turn)) return turn;
  const { from, value, ...rest } = turn;
  return { ...rest, ...('from' in turn ? { role: from } : {}), ...('value' in turn ? { content: value } : {}) };
}
