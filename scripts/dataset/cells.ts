import type { Problem } from './findings.ts';
import { isRecord } from './rows.ts';
import { isAnswered, isConversation, isText } from './trainable.ts';

/**
 * Why a cell doesn't pass the rule of trainable.ts, and what TRL 1.16 does with it: null where it passes. The
 * behaviour was observed with TRL 1.13 and 1.16, or read in its source.
 */
export function textProblem(column: string, value: unknown): Problem | null {
  if (isText(value)) return null;
  if (value === '') {
    return column === 'prompt'
      ? harms('empty_prompt', '`prompt` is empty: the answer is trained without a question.')
      : harms('empty_text', `\`${column}\` is empty: TRL trains on nothing but the end-of-sequence token there.`);
  }
  if (value === null || value === undefined) return nullProblem(column);
  if (isConversation(value)) {
    return fails(
      'mixed_formats',
      `\`${column}\` is a list of messages where other rows or columns have text: TRL stops.`,
    );
  }
  return fails('not_text', `\`${column}\` is ${kindOf(value)}, not text: TRL stops while tokenizing.`);
}

/** `answered`: an assistant turn has to be there. */
export function messagesProblem(column: string, value: unknown, answered: boolean): Problem | null {
  if (answered ? isAnswered(value) : isConversation(value)) return null;
  if (value === null || value === undefined) return nullProblem(column);
  if (typeof value === 'string') return textForMessages(column, value);
  if (!Array.isArray(value)) {
    return fails('not_a_list', `\`${column}\` is ${kindOf(value)}, not a list of messages: TRL stops.`);
  }
  if (value.length === 0) {
    return fails(
      'empty_list',
      `\`${column}\` is an empty list: TRL stops with IndexError where it looks at the first message.`,
    );
  }
  for (const message of value) {
    const problem = messageProblem(column, message);
    if (problem) return problem;
  }
  const roles = [...new Set(value.map((message: unknown) => (isRecord(message) ? message.role : '')))];
  const foreign = roles.some((role) => typeof role === 'string' && /^(gpt|bot|model|ai|chatgpt|human)$/i.test(role));
  return harms(
    'no_assistant_turn',
    foreign
      ? `\`${column}\` has no turn of the role "assistant": its roles are other names (human, gpt, ...), which most chat templates leave out.`
      : `\`${column}\` has no assistant turn: there is no answer to learn.`,
  );
}

function nullProblem(column: string): Problem {
  return fails('null_value', `\`${column}\` is null: TRL stops while tokenizing, with an error about NoneType.`);
}

function messageProblem(column: string, message: unknown): Problem | null {
  if (!isRecord(message)) {
    return fails(
      'not_a_message',
      `\`${column}\` has an item that is ${kindOf(message)}, not a message {role, content}: TRL stops.`,
    );
  }
  if (!('role' in message) && 'from' in message && 'value' in message) return fromValueProblem(column);
  if (!isText(message.role)) {
    return fails(
      'missing_role',
      `\`${column}\` has a message without a role: TRL stops, "No columns in the dataset match".`,
    );
  }
  if (typeof message.content === 'string') return null;
  if ((message.content ?? null) !== null) {
    return fails(
      'content_not_text',
      `\`${column}\` has a message whose content is ${kindOf(message.content)}, not text: chat templates of text models stop on it.`,
    );
  }
  if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0) return null;
  return fails(
    'missing_content',
    `\`${column}\` has a message without content: most chat templates stop on it, others train an empty turn or the word "None".`,
  );
}

export function fromValueProblem(column: string): Problem {
  return fails(
    'from_value',
    `\`${column}\` holds messages as {from, value}: TRL doesn't translate roles such as human and gpt, the chat template then leaves every turn out and training starts with no rows. Needed: a list of {role: "user"|"assistant", content}.`,
  );
}

function textForMessages(column: string, value: string): Problem {
  if (/^\s*\[/.test(value)) {
    return fails(
      'stringified_messages',
      `\`${column}\` is a JSON string, not a list of messages: TRL stops, "No columns in the dataset match". Parse it before uploading.`,
    );
  }
  return fails(
    'mixed_formats',
    `\`${column}\` is text where other rows or columns have a list of messages: TRL stops.`,
  );
}

/** The columns that TRL reads beside the text, where there are any. */
export function extrasProblem(row: Readonly<Record<string, unknown>>): Problem | null {
  if ('chat_template_kwargs' in row && !isRecord(row.chat_template_kwargs)) {
    return fails(
      'null_chat_template_kwargs',
      "`chat_template_kwargs` is null or no object: TRL stops, 'NoneType' object is not a mapping. Use {} where there are none.",
    );
  }
  if (typeof row.tools === 'string' && !isJson(row.tools)) {
    return fails('bad_tools', '`tools` is a string that is not JSON: TRL stops with JSONDecodeError.');
  }
  return null;
}

export const fails = (code: string, message: string): Problem => ({ kind: 'fails', code, message });
export const harms = (code: string, message: string): Problem => ({ kind: 'harms', code, message });
export const note = (code: string, message: string): Problem => ({ kind: 'note', code, message });

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? 'a boolean' : 'a number';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
