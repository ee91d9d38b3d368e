import type { ColumnKinds } from './kinds.ts';

/**
 * What the columns of datasets in the wild are called, the most telling first. Names only suggest: a mapping is
 * proposed where the rows under it train.
 */
export const PROMPT = [
  'prompt',
  'question',
  'instruction',
  'query',
  'problem',
  'input',
  'inputs',
  'user',
  'human',
  'question_stem',
  'message_1',
];
export const COMPLETION = [
  'completion',
  'response',
  'answer',
  'output',
  'solution',
  'assistant',
  'target',
  'targets',
  'reply',
  'answer_key',
  'answerkey',
  'correct_answer',
  'best_answer',
  'generated_solution',
  'message_2',
];
/** What is made of a longer text, and what that text is called. */
export const SUMMARY = ['summary', 'highlights', 'abstract', 'tldr'];
export const SUMMED = ['article', 'document', 'dialogue', 'post', 'report', 'passage', 'content', 'body', 'text'];
export const TEXT = ['text', 'content', 'document', 'body', 'article', 'story', 'passage', 'markdown', 'code'];
export const CONVERSATION = ['messages', 'conversation', 'conversations', 'dialogue', 'dialog', 'chat', 'turns'];
export const PAIRS: readonly (readonly [chosen: string, rejected: string])[] = [
  ['chosen', 'rejected'],
  ['good_response', 'bad_response'],
  ['chosen_response', 'rejected_response'],
  ['response_chosen', 'response_rejected'],
  ['preferred_response', 'rejected_response'],
  ['preferred', 'rejected'],
  ['preferred', 'dispreferred'],
  ['preferred', 'non_preferred'],
  ['accepted', 'rejected'],
  ['good', 'bad'],
  ['better', 'worse'],
  ['winner', 'loser'],
  ['win', 'lose'],
  ['positive', 'negative'],
  ['response_w', 'response_l'],
  ['response_j', 'response_k'],
];
/** What a reward may compare an answer with. */
export const REWARD = [
  'solution',
  'answer',
  'ground_truth',
  'final_answer',
  'expected_answer',
  'target',
  'label',
  'tests',
  'test_cases',
];

/** Messages that are no whole conversation, or no good one. */
export const HALVES = ['prompt', 'completion', 'rejected'];

/** The column of texts that is most likely the question. */
export function questionColumn(kinds: ColumnKinds): string | undefined {
  const texts = [...kinds].filter(([name, kind]) => kind === 'text' && PROMPT.includes(normal(name)));
  return texts.map(([name]) => name).sort((a, b) => PROMPT.indexOf(normal(a)) - PROMPT.indexOf(normal(b)))[0];
}

/** Columns that a reward could read. */
export function rewardColumns(kinds: ColumnKinds): string[] {
  return [...kinds.keys()].filter((name) => REWARD.includes(normal(name)));
}

export const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[-\s]+/g, '_');
