import { isOnline, type Method } from '../../plan/methods.ts';
import type { Encode } from './load-tokenizer.ts';
import type { RowTexts } from './row-texts.ts';

/** Tokens of one sequence. */
export interface SequenceTokens {
  /** All of it, before anything is cut. */
  length: number;
  /** Of these, the beginning that is not learnt: what the prompt's ids and the whole's have in common. */
  prompt: number;
}

/** All sequences of one row. */
export interface RowTokens {
  sequences: SequenceTokens[];
  /** Of two answers, the tokens that both begin with, the prompt's included; null where there is one. */
  shared: number | null;
}

export function countTokens(method: Method, texts: Extract<RowTexts, { special: boolean }>, encode: Encode): RowTokens {
  const known = new Map<string, number[]>();
  const ids = (text: string): number[] => {
    const found = known.get(text) ?? encode(text, texts.special);
    known.set(text, found);
    return found;
  };
  const sequences = texts.sequences.map(({ prompt, whole }) => {
    const all = ids(whole);
    return { length: all.length, prompt: prompt === null ? 0 : commonPrefix(ids(prompt), all) };
  });
  const [first, second] = texts.sequences;
  const shared = first && second ? commonPrefix(ids(first.whole), ids(second.whole)) : null;
  if (method !== 'dpo') return { sequences, shared };
  // DPO keeps one prompt for both answers.
  const prompt = Math.min(...sequences.map((each) => each.prompt));
  return { sequences: sequences.map(({ length }) => ({ length, prompt })), shared };
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** Whether the row teaches anything at `maxLength`: of it something is left, and of two answers not the same. */
export function isLearned(method: Method, { sequences, shared }: RowTokens, maxLength: number): boolean {
  // KTO makes a row of each answer.
  const rows = method === 'kto' ? sequences.map((each) => [each]) : [sequences];
  if (rows.every((each) => fate(method, each, maxLength) === 'dropped')) return false;
  return shared === null || sequences.some(({ length }) => Math.min(length, maxLength) > shared);
}

/** What TRL 1.16 does with the row at `max_length`: keeps it, cuts its end, or leaves it out of training. */
export function fate(
  method: Method,
  sequences: readonly SequenceTokens[],
  maxLength: number,
): 'kept' | 'cut' | 'dropped' {
  const tooLong = sequences.some(({ length }) => length > maxLength);
  // GRPO and RLOO cut nothing: the prompt is given whole.
  if (isOnline(method)) return 'kept';
  if (method === 'reward') return tooLong ? 'dropped' : 'kept';
  const prompts = sequences.map(({ prompt, length }) => prompt >= maxLength || (method === 'sft' && length <= prompt));
  if (prompts.some(Boolean)) return 'dropped';
  return tooLong ? 'cut' : 'kept';
}
