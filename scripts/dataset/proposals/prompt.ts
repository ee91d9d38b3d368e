import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { PROMPT } from '../names.ts';
import { columnOf, find, isEmpty, type Place, type View } from './view.ts';

/** What else belongs to a question than the column that is called so. */
const SYSTEM = ['system', 'system_prompt', 'system_message'];
export const BESIDE = ['instruction', 'input', 'context', 'passage', 'document', 'article', 'hint'];
const HISTORY = ['history'];
export const CHOICES = ['choices', 'options', 'answer_choices', 'endings'];

/** A question of a dataset, with all that belongs to it. */
export interface Question {
  place: Place;
  /** The question as one text. */
  text: Value;
  /** What stands before it in a conversation: a system message, earlier turns. */
  before: ({ role: string; content: Value } | { turns: Value })[];
  /** Columns that are left out because they are empty in the first rows. */
  must_be_empty: string[];
  meaning: string;
}

/**
 * Every question that the names suggest. One whose companions are empty in the first rows comes twice: without
 * them, and, should later rows fill them, with.
 */
export function questions(view: View, others: readonly Place[] = []): Question[] {
  return find(view, PROMPT, ['text'], 'prompt').flatMap((place) => {
    const beside = companions(view, place, others);
    const full = questionOf(view, place, beside);
    const filled = beside.filter((each) => !isEmpty(each));
    if (filled.length === beside.length) return [full];
    return [{ ...questionOf(view, place, filled), must_be_empty: emptyOf(beside) }, full];
  });
}

function companions(view: View, place: Place, others: readonly Place[]): Place[] {
  const taken = [place, ...others].map(({ value }) => valueText(value));
  const named = view.places.filter(({ name, form, conversation }) => {
    if (HISTORY.includes(name)) return conversation !== null || form === 'list';
    if (CHOICES.includes(name)) return form === 'texts';
    return [...SYSTEM, ...BESIDE].includes(name) && ['text', 'nothing'].includes(form);
  });
  return named.filter(({ value }) => !taken.includes(valueText(value)));
}

const emptyOf = (places: readonly Place[]): string[] => places.filter(isEmpty).map(columnOf);

function questionOf(view: View, place: Place, beside: readonly Place[]): Question {
  const of = (names: readonly string[]): Place[] => beside.filter(({ name }) => names.includes(name));
  const inText = new Set([place, ...of(BESIDE)]);
  // In the dataset's own order: an instruction before its input, a passage before its question.
  const parts = view.places.filter((each) => inText.has(each)).map(({ value }) => value);
  const choices = of(CHOICES).map(
    ({ value }): Value => ({ op: 'join', parts: [{ op: 'lettered', of: value }], by: '\n' }),
  );
  const [only = place.value, ...more] = [...parts, ...choices];
  return {
    place,
    text: more.length === 0 ? only : { op: 'join', parts: [only, ...more], by: '\n\n' },
    before: [
      ...of(SYSTEM).map(({ value }) => ({ role: 'system', content: value })),
      ...of(HISTORY).map(({ value, conversation }) => ({
        turns: conversation ?? { op: 'pairs' as const, of: value, user: 0, assistant: 1 },
      })),
    ],
    must_be_empty: [],
    meaning: valueText(place.value),
  };
}

/** A conversation that ends with the question, and with the answer if there is one. */
export function chat({ before, text }: Question, ...answer: Value[]): Value {
  const turns = [...before, { role: 'user', content: text }];
  return { op: 'chat', turns: [...turns, ...answer.map((content) => ({ role: 'assistant', content }))] };
}

export const said = (content: Value): Value => ({ op: 'chat', turns: [{ role: 'assistant', content }] });

/** The prompt alone: text, or a conversation where something stands before the question. */
export const asPrompt = (question: Question): Value => (question.before.length > 0 ? chat(question) : question.text);
