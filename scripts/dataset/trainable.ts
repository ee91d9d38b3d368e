import type { PlanDataset } from '../plan/schema.ts';
import { isRecord, type Row } from './rows.ts';

/**
 * The rule for one row: does it train, and on something. `--drop-invalid` leaves out the rows that don't pass. The
 * training script has the same rule in Python, and both run test/dataset/fixtures/trainable.json.
 */
export function isTrainable(format: PlanDataset['format'], conversational: boolean, row: Row): boolean {
  const { text, messages, prompt, completion, chosen, rejected, label } = row;
  switch (format) {
    case 'language-modeling':
      return conversational ? isAnswered(messages) : isText(text);
    case 'prompt-completion':
      return conversational ? isConversation(prompt) && isAnswered(completion) : isText(prompt) && isText(completion);
    case 'prompt-only':
      return conversational ? isConversation(prompt) : isText(prompt);
    case 'preference': {
      const isPrompt = conversational ? isConversation : isText;
      const isAnswer = conversational ? isAnswered : isText;
      const prompted = !('prompt' in row) || isPrompt(prompt);
      return prompted && isAnswer(chosen) && isAnswer(rejected) && !sameJson(chosen, rejected);
    }
    case 'unpaired-preference':
      return typeof label === 'boolean' && isTrainable('prompt-completion', conversational, row);
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export interface Message {
  role: string;
  content?: string | null;
}

/** A non-empty list of messages. Content may be missing (null) only where the message calls tools. */
export function isConversation(value: unknown): value is Message[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

/** A conversation in which the model says something. */
export function isAnswered(value: unknown): value is Message[] {
  return isConversation(value) && value.some((message) => message.role === 'assistant');
}

function isMessage(value: unknown): value is Message {
  if (!isRecord(value) || !isText(value.role)) return false;
  if (typeof value.content === 'string') return true;
  return (value.content ?? null) === null && Array.isArray(value.tool_calls) && value.tool_calls.length > 0;
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
