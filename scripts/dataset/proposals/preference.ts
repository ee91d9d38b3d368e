import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { CONVERSATION, PAIRS, PROMPT } from '../names.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { judgedPairs } from './judged.ts';
import { asPrompt, chat, questions, said } from './prompt.ts';
import { type Answer, extent, find, type Place, type View } from './view.ts';

/** Two answers of which one is better. */
export interface Preferred {
  pairs: Pairs;
  /** Whether `chosen` is a whole conversation, its question included. */
  whole: boolean;
  meaning: string;
  must_be_empty: string[];
}

/** Columns in which one answer is chosen and the other rejected. */
export function preferenceProposals(view: View): Candidate[] {
  return preferred(view).map(({ pairs, meaning, must_be_empty }) => candidate(pairs, meaning, must_be_empty));
}

export function preferred(view: View): Preferred[] {
  const named = namedPairs(view);
  if (named.length > 0) return named.flatMap(({ chosen, rejected }) => ofPair(view, chosen, rejected));
  return judgedPairs(view).flatMap(({ chosen, rejected, answers }) => ofPair(view, chosen, rejected, answers));
}

/** Where both answers are conversations they are taken for such, even if they are texts with marks of speakers. */
function ofPair(view: View, chosen: Answer, rejected: Answer, places: readonly Place[] = []): Preferred[] {
  if (chosen.conversation !== null && rejected.conversation !== null) {
    return ofConversations(view, chosen.conversation, rejected.conversation, places);
  }
  return chosen.form === 'text' && rejected.form === 'text' ? ofTexts(view, chosen.value, rejected.value, places) : [];
}

function namedPairs({ places }: View): { chosen: Place; rejected: Place }[] {
  const pairs = PAIRS.flatMap(([good, bad]) => {
    const chosen = places.find(({ name, form }) => name === good && form !== 'object');
    const rejected = places.find(({ name, form }) => name === bad && form !== 'object');
    return chosen && rejected ? [{ chosen, rejected }] : [];
  });
  const exact = pairs.find(({ chosen, rejected }) => chosen.value === 'chosen' && rejected.value === 'rejected');
  return exact ? [exact] : pairs;
}

function ofConversations(view: View, chosen: Value, rejected: Value, taken: readonly Place[]): Preferred[] {
  const answers: Pairs = [
    ['chosen', chosen],
    ['rejected', rejected],
  ];
  const meaning = valueText(chosen);
  // The question is their common beginning, which TRL finds.
  if (extent(view, chosen).asked) return [{ pairs: answers, whole: true, meaning, must_be_empty: [] }];
  const asked = promptConversations(view).map((prompt) => ({ prompt, meaning, must_be_empty: [] as string[] }));
  const texts = questions(view, taken).map((question) => ({
    prompt: chat(question),
    meaning: `${question.meaning} ${meaning}`,
    must_be_empty: question.must_be_empty,
  }));
  return [...asked, ...texts].map(({ prompt, ...rest }) => ({
    pairs: [['prompt', prompt], ...answers],
    whole: false,
    ...rest,
  }));
}

function ofTexts(view: View, chosen: Value, rejected: Value, taken: readonly Place[]): Preferred[] {
  const plain: Pairs = [
    ['chosen', chosen],
    ['rejected', rejected],
  ];
  const spoken: Pairs = [
    ['chosen', said(chosen)],
    ['rejected', said(rejected)],
  ];
  const [conversation] = promptConversations(view);
  const meaning = valueText(chosen);
  if (conversation !== undefined) {
    return [{ pairs: [['prompt', conversation], ...spoken], whole: false, meaning, must_be_empty: [] }];
  }
  const asked = questions(view, taken).map((question): Preferred => {
    const prompt = ['prompt', asPrompt(question)] as const;
    return {
      pairs: [prompt, ...(question.before.length > 0 ? spoken : plain)],
      whole: false,
      meaning: `${question.meaning} ${meaning}`,
      must_be_empty: question.must_be_empty,
    };
  });
  // A prompt that is something else would be lost.
  const lost = view.places.some(({ value, form }) => value === 'prompt' && form !== 'nothing');
  if (asked.length > 0 || lost) return asked;
  return [{ pairs: plain, whole: false, meaning, must_be_empty: [] }];
}

/** Conversations that wait for an answer. */
function promptConversations(view: View): Value[] {
  const named = find(view, [...PROMPT, ...CONVERSATION, 'context', 'history'], ['list', 'text'], 'prompt');
  return named.flatMap(({ conversation }) =>
    conversation !== null && !extent(view, conversation).answered ? [conversation] : [],
  );
}
