import { drops, fails, harms, type Problem } from '../findings.ts';
import { isRecord } from '../rows.ts';
import { hasSoundCalls, isAnswered, isText } from '../trainable.ts';
import { kindOf } from './kind-of.ts';
import { NO_TEXT, nullProblem } from './text.ts';

const EMPTY_LIST = 'IndexError: list index out of range';
export const NO_COLUMNS =
  "ValueError: No columns in the dataset match the model's forward method signature: (input_ids, labels, seq_lengths).";

/** Roles that chat templates know. A turn of another role is left out by most of them. */
const ROLES = new Set<unknown>(['system', 'user', 'assistant', 'tool']);

export const isKnownRole = (role: unknown): boolean => ROLES.has(role);

/**
 * What TRL 1.16 does with a cell that should hold messages. What a chat template makes of a turn differs: where no
 * template is known, Qwen3's decides, which leaves out the turns that it doesn't understand, and the finding says so.
 * `answered`: an assistant turn has to be there.
 */
export function messagesProblem(
  column: string,
  value: unknown,
  answered: boolean,
  nullError = NO_TEXT,
): Problem | null {
  if (value === null || value === undefined) return nullProblem(column, nullError);
  if (typeof value === 'string') return textForMessages(column, value);
  if (!Array.isArray(value)) {
    return fails('not_a_list', `\`${column}\` is ${kindOf(value)}, not a list of messages: TRL stops.`, 'map');
  }
  if (value.length === 0) {
    const message = `\`${column}\` is an empty list: TRL stops where it looks at the first message.`;
    return fails('empty_list', message, 'map', EMPTY_LIST);
  }
  const broken = value.find((message) => !isRecord(message));
  if (broken !== undefined) {
    const message = `\`${column}\` has an item that is ${kindOf(broken)}, not a message {role, content}: TRL stops.`;
    return fails('not_a_message', message, 'map');
  }
  if (!value.every(hasSoundCalls)) {
    const message = `\`${column}\` has a tool call without arguments: chat templates stop on it.`;
    return fails('bad_tool_call', message, 'map', 'TypeError: Object of type Undefined is not JSON serializable');
  }
  const found = roleProblem(column, value, answered) ?? contentProblem(column, value);
  return found ?? (answered && !isAnswered(value) ? withoutAnswer(column) : null);
}

function roleProblem(column: string, messages: readonly unknown[], answered: boolean): Problem | null {
  const foreign = messages.filter((message) => !(isRecord(message) && isKnownRole(message.role)));
  if (foreign.length === 0) return null;
  const some = foreign.find((message) => isRecord(message) && isText(message.role));
  const what = some === undefined ? 'messages without a role' : 'turns of other roles than user and assistant';
  const code = some === undefined ? 'missing_role' : 'foreign_roles';
  if (answered && foreign.length === messages.length) {
    return drops(
      code,
      `\`${column}\` has nothing but ${what}: most chat templates render nothing of it, and no answer is learned. Others train on turns that the model won't meet again.`,
    );
  }
  return harms(code, `\`${column}\` has ${what}: most chat templates leave them out without a word, others stop.`);
}

/** Of messages with their roles, one of whose contents is no text. */
function contentProblem(column: string, messages: readonly unknown[]): Problem | null {
  for (const message of messages) {
    if (!isRecord(message) || typeof message.content === 'string') continue;
    if ((message.content ?? null) !== null) {
      return harms(
        'content_not_text',
        `\`${column}\` has a message whose content is ${kindOf(message.content)}, not text: some chat templates stop on it, Qwen3's trains an empty turn.`,
      );
    }
    if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0) continue;
    return harms(
      'missing_content',
      `\`${column}\` has a message without content: many chat templates stop on it, Qwen3's trains an empty turn, others the word "None".`,
    );
  }
  return null;
}

function withoutAnswer(column: string): Problem {
  return harms('no_assistant_turn', `\`${column}\` has no assistant turn: there is no answer to learn.`);
}

/** A column of {from, value}. */
export function fromValueProblem(column: string, error: string): Problem {
  return fails(
    'from_value',
    `\`${column}\` holds messages as {from, value}: TRL doesn't translate roles such as human and gpt, and most chat templates then leave every turn out. Needed: a list of {role: "user"|"assistant", content}.`,
    'map',
    error,
  );
}

function textForMessages(column: string, value: string): Problem {
  return /^\s*\[/.test(value)
    ? fails('stringified_messages', stringified(column), 'map')
    : fails(
        'mixed_formats',
        `\`${column}\` is text where other rows or columns have a list of messages: TRL stops.`,
        'map',
      );
}

export const stringified = (column: string): string =>
  `\`${column}\` is a JSON string, not a list of messages: TRL finds nothing to train on. Parse it first.`;
