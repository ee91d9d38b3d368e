import type { Value } from '../../plan/value.ts';
import { evaluate } from '../mapping/evaluate.ts';
import { isObject, parseJson, stripped } from '../mapping/functions.ts';
import { normal } from '../names.ts';

/** Who speaks, by what datasets call them. */
const SPEAKERS: Readonly<Record<string, readonly string[]>> = {
  user: ['user', 'human', 'prompter', 'usr', 'customer', 'client', 'question', 'instruction'],
  assistant: [
    'assistant',
    'gpt',
    'bot',
    'chatgpt',
    'model',
    'ai',
    'chatbot',
    'bing',
    'bard',
    'llm',
    'answer',
    'function_call',
  ],
  system: ['system'],
  tool: ['tool', 'observation', 'function', 'function_response', 'ipython', 'tool_response'],
};
const TRL_ROLES = ['user', 'assistant', 'system', 'tool', 'developer'];
const ROLE_KEYS = ['role', 'from', 'speaker', 'author', 'sender'];
const CONTENT_KEYS = ['content', 'value', 'text', 'message', 'utterance'];
const ASKED = ['input', 'user', 'human', 'question', 'prompt', 'instruction', 'query'];
const ANSWERED = ['output', 'assistant', 'bot', 'gpt', 'answer', 'response', 'completion', 'reply'];

/** Marks of speakers in one text, the user's and the assistant's. */
const MARKERS: readonly (readonly [user: string, assistant: string])[] = [
  ['\n\nHuman:', '\n\nAssistant:'],
  ['### Human:', '### Assistant:'],
  ['### Instruction:', '### Response:'],
  ['<|user|>', '<|assistant|>'],
  ['<|prompter|>', '<|assistant|>'],
  ['Human:', 'Assistant:'],
  ['Human:', 'AI:'],
  ['USER:', 'ASSISTANT:'],
  ['User:', 'Assistant:'],
];

/**
 * Messages of {role, content} made of a value whose cells in the first rows are these; null where it holds no
 * conversation. `turns`: a list of texts under this name is a conversation.
 */
export function conversationOf(value: Value, cells: readonly unknown[], turns = false): Value | null {
  if (mostly(cells, (cell) => typeof cell === 'string')) return ofTexts(value, cells, turns);
  if (!mostly(cells, (cell) => Array.isArray(cell))) return null;
  const items = cells.flatMap((cell) => (Array.isArray(cell) ? cell : []));
  if (mostly(items, isObject)) return ofObjects(value, items.filter(isObject));
  if (mostly(items, (item) => Array.isArray(item) && item.length === 2 && item.every(isString))) {
    return { op: 'pairs', of: value, user: 0, assistant: 1 };
  }
  return turns && mostly(items, isString) ? { op: 'alternating', of: value } : null;
}

function ofTexts(value: Value, cells: readonly unknown[], turns: boolean): Value | null {
  const json: Value = { op: 'json', of: value };
  const parsed = cells.map(parseJson).filter((cell) => cell !== null);
  if (parsed.length > 0 && mostly(cells, (cell) => Array.isArray(parseJson(cell)))) {
    return conversationOf(json, parsed, turns);
  }
  const markers = MARKERS.find(([user, assistant]) => mostly(cells, (cell) => isDialogue(cell, user, assistant)));
  if (!markers) return null;
  const [user, assistant] = markers;
  return {
    op: 'dialogue',
    of: value,
    speakers: [
      { marker: user, role: 'user' },
      { marker: assistant, role: 'assistant' },
    ],
  };
}

/** Begins with the user's words, and the assistant answers. */
function isDialogue(cell: unknown, user: string, assistant: string): boolean {
  if (typeof cell !== 'string') return false;
  const start = cell.indexOf(user);
  return start >= 0 && stripped(cell.slice(0, start)) === '' && cell.includes(assistant, start);
}

function ofObjects(value: Value, items: readonly Readonly<Record<string, unknown>>[]): Value | null {
  const keyIn = (keys: readonly string[]): string | undefined =>
    keys.find((key) => mostly(items, (item) => isObject(item) && isString(item[key])));
  const has = (key: string): boolean => items.some((item) => (item[key] ?? null) !== null);
  const role = keyIn(ROLE_KEYS);
  if (role === undefined) {
    const [user, assistant] = [keyIn(ASKED), keyIn(ANSWERED)];
    return user !== undefined && assistant !== undefined ? { op: 'pairs', of: value, user, assistant } : null;
  }
  const content = role === 'role' && has('content') ? 'content' : keyIn(CONTENT_KEYS);
  if (content === undefined) return null;
  const names = [...new Set(items.map((item) => item[role]).filter(isString))];
  const roles = names.flatMap((is) => {
    const known = roleOf(is);
    return known === is ? [] : [{ is, role: known }];
  });
  if (roles.some((each) => each.role === undefined)) return null;
  if (roles.length === 0 && role === 'role' && content === 'content') return value;
  // What a message carries beside its words would be lost.
  if (has('tool_calls')) return null;
  return { op: 'turns', of: value, role, content, roles: roles.map(({ is, role: to }) => ({ is, role: to ?? is })) };
}

function roleOf(name: string): string | undefined {
  if (TRL_ROLES.includes(name)) return name;
  return Object.keys(SPEAKERS).find((role) => SPEAKERS[role]?.includes(normal(name)));
}

/** Roles of the messages that a value makes of each row, without the rows where it makes none. */
export function rolesIn(conversation: Value, head: readonly Readonly<Record<string, unknown>>[]): unknown[][] {
  return head.flatMap((row) => {
    const messages = evaluate(conversation, row);
    return Array.isArray(messages) && messages.length > 0
      ? [messages.map((message) => (isObject(message) ? message.role : null))]
      : [];
  });
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** Of one or more, at least half pass. */
export function mostly<T>(items: readonly T[], test: (item: T) => boolean): boolean {
  return items.length > 0 && 2 * items.filter(test).length >= items.length;
}
