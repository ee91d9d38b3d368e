import type { PlanDataset } from '../plan/schema.ts';
import { asSftReads } from './from-value.ts';
import { isRecord, type Row } from './rows.ts';

/**
 * The rule for one row: does it train, and on something. `--drop-invalid` leaves out the rows that don't pass. The
 * training script has the same rule in Python, and both run test/dataset/fixtures/trainable.json.
 */
export function isTrainable(format: PlanDataset['format'], conversational: boolean, row: Row): boolean {
  const { text, prompt, completion, chosen, rejected, label } = row;
  const parts = 'image' in row || 'images' in row;
  const isPrompt = (value: unknown): boolean => (conversational ? isConversation(value, parts) : isText(value));
  const isAnswer = (value: unknown): boolean => (conversational ? isAnswered(value, parts) : isText(value));
  if (format === 'prompt-only') return isPrompt(prompt);
  if (!hasSoundKwargs(row, conversational) || !hasSoundTools(row, conversational)) return false;
  switch (format) {
    case 'language-modeling':
      return isAnswer(conversational ? asSftReads(row).messages : text);
    case 'prompt-completion':
      return isPrompt(prompt) && isAnswer(completion);
    case 'preference': {
      const prompted = !('prompt' in row) || isPrompt(prompt);
      return prompted && isAnswer(chosen) && isAnswer(rejected) && !sameJson(chosen, rejected);
    }
    case 'unpaired-preference':
      return isLabel(label) && isPrompt(prompt) && isAnswer(completion);
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Whether an answer is a good one. TRL takes numbers, too: any but 0 is true. */
export const isLabel = (value: unknown): boolean => LABELS.includes(value);
const LABELS: readonly unknown[] = [true, false, 0, 1, 0n, 1n];

export interface Message {
  role: string;
  /** Text, or with pictures a list of {type: "text"|"image", ...}. */
  content?: string | Row[] | null;
}

/** A non-empty list of messages. Content may be missing only where the message calls tools; `parts`: or be in parts. */
export function isConversation(value: unknown, parts = false): value is Message[] {
  return Array.isArray(value) && value.length > 0 && value.every((message) => isMessage(message, parts));
}

/** A conversation in which the model says something. */
export function isAnswered(value: unknown, parts = false): value is Message[] {
  return isConversation(value, parts) && value.some((message) => message.role === 'assistant');
}

function isMessage(value: unknown, parts: boolean): value is Message {
  if (!isRecord(value) || !isText(value.role) || !hasSoundCalls(value)) return false;
  if (typeof value.content === 'string' || (parts && isParts(value.content))) return true;
  return (value.content ?? null) === null && Array.isArray(value.tool_calls) && value.tool_calls.length > 0;
}

/** Chat templates print the arguments of each call. */
export function hasSoundCalls({ tool_calls: calls }: Row): boolean {
  if (calls === null || calls === undefined || calls === '') return true;
  return (
    Array.isArray(calls) &&
    calls.every((call) => isRecord(call) && 'arguments' in (isRecord(call.function) ? call.function : call))
  );
}

/** Content in parts, as vision-language models have it. */
function isParts(value: unknown): value is Row[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => isRecord(part) && isText(part.type));
}

/** Arguments of `apply_chat_template` that TRL gives itself, in one of its calls or in all, or that change what it returns. */
export const RESERVED_KWARGS = [
  'tokenize',
  'return_dict',
  'conversation',
  'messages',
  'add_generation_prompt',
  'return_assistant_tokens_mask',
  'chat_template',
  'return_tensors',
];

export function hasSoundKwargs(row: Row, conversational: boolean): boolean {
  if (!('chat_template_kwargs' in row)) return true;
  const { chat_template_kwargs: given } = row;
  return isRecord(given) && !(conversational && RESERVED_KWARGS.some((name) => name in given));
}

/** TRL parses a string whatever the rows are; a chat template needs a list of objects. */
export function hasSoundTools({ tools }: Row, conversational: boolean): boolean {
  const list = typeof tools === 'string' ? parsed(tools) : tools;
  if (list === undefined) return typeof tools !== 'string';
  if (list === null || !conversational) return true;
  return Array.isArray(list) ? list.every(isRecord) : isRecord(list) && Object.keys(list).length === 0;
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Equal as JSON with keys in any order; good for what came out of a dataset. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)));
}
