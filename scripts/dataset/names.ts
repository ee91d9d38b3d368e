import type { ColumnKind, ColumnKinds } from './kinds.ts';

/**
 * What the columns of datasets in the wild are called, the most telling first. Names only suggest: a mapping is
 * proposed where the rows under it train.
 */
export const PROMPT = ['prompt', 'question', 'instruction', 'query', 'problem', 'input', 'inputs', 'user', 'human'];
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
];
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
export const REWARD = ['solution', 'answer', 'ground_truth', 'final_answer', 'target', 'label', 'tests', 'test_cases'];

/** Messages that are no whole conversation, or no good one. */
export const HALVES = ['prompt', 'completion', 'rejected'];

type Slot = 'prompt' | 'completion' | 'text';
const SLOTS: Record<Slot, readonly string[]> = { prompt: PROMPT, completion: COMPLETION, text: TEXT };

/** Columns that could stand for the trainer's: the one of its very name, else all that are called alike. */
export function columnsFor(slot: Slot, kinds: ColumnKinds, kind: ColumnKind): string[] {
  return ranked(SLOTS[slot], kinds, kind, slot);
}

export function conversationColumns(kinds: ColumnKinds): string[] {
  const named = ranked(CONVERSATION, kinds, 'messages', 'messages');
  if (named.length > 0) return named;
  const others = [...kinds].filter(([name, kind]) => kind === 'messages' && !HALVES.includes(normal(name)));
  const whole = others.filter(([name]) => normal(name) !== 'chosen');
  return (whole.length > 0 ? whole : others).map(([name]) => name);
}

export function preferencePairs(kinds: ColumnKinds): { chosen: string; rejected: string; kind: ColumnKind }[] {
  const byName = new Map([...kinds.keys()].map((name) => [normal(name), name]));
  const pairs = PAIRS.flatMap(([good, bad]) => {
    const [chosen, rejected] = [byName.get(good), byName.get(bad)];
    if (chosen === undefined || rejected === undefined) return [];
    const kind = kinds.get(chosen) ?? 'null';
    return kind === kinds.get(rejected) && (kind === 'text' || kind === 'messages') ? [{ chosen, rejected, kind }] : [];
  });
  const exact = pairs.find(({ chosen, rejected }) => chosen === 'chosen' && rejected === 'rejected');
  return exact ? [exact] : pairs;
}

/** Columns that a reward could read. */
export function rewardColumns(kinds: ColumnKinds): string[] {
  return [...kinds.keys()].filter((name) => REWARD.includes(normal(name)));
}

export const candidate = (..._: unknown[]): unknown => null;

function ranked(names: readonly string[], kinds: ColumnKinds, kind: ColumnKind, exact: string): string[] {
  if (kinds.get(exact) === kind) return [exact];
  const fitting = [...kinds].filter(([, its]) => its === kind).map(([name]) => name);
  return fitting
    .filter((name) => names.includes(normal(name)))
    .sort((a, b) => names.indexOf(normal(a)) - names.indexOf(normal(b)));
}

export const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[-\s]+/g, '_');
