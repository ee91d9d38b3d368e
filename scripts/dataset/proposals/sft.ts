import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { COMPLETION, CONVERSATION, HALVES, TEXT } from '../names.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { preferred } from './preference.ts';
import { asPrompt, CHOICES, chat, type Question, questions } from './prompt.ts';
import { extent, find, isEmpty, type Place, type View } from './view.ts';

/** What is called a conversation, else questions with answers, else better answers, else any conversation or text. */
export function sftProposals(view: View): Candidate[] {
  const ways = [
    () => conversations(view, namedConversations(view)),
    () => answered(view),
    () => preferredAnswers(view),
    () => conversations(view, otherConversations(view)),
    () => texts(view),
  ];
  for (const way of ways) {
    const found = way();
    if (found.length > 0) return found;
  }
  return [];
}

function conversations(view: View, places: readonly Place[]): Candidate[] {
  return places.map((place) => {
    const messages = place.conversation ?? place.value;
    const system = find(view, ['system', 'system_prompt'], ['text']).filter((each) => !isEmpty(each));
    const first = system.slice(0, 1).map(({ value }) => ({ role: 'system', content: value }));
    const all: Value = first.length > 0 ? { op: 'chat', turns: [...first, { turns: messages }] } : messages;
    return candidate([['messages', all], ...tools(view)], valueText(messages));
  });
}

/** Conversations with answers: those called so, else any that is more than a half of one. */
export function wholeConversations(view: View): Place[] {
  const named = namedConversations(view);
  return named.length > 0 ? named : otherConversations(view);
}

function namedConversations(view: View): Place[] {
  const all = answeredIn(view).filter(({ name }) => CONVERSATION.includes(name));
  const itself = all.filter(({ value }) => value === 'messages');
  return itself.length > 0 ? itself : all.sort((a, b) => CONVERSATION.indexOf(a.name) - CONVERSATION.indexOf(b.name));
}

const otherConversations = (view: View): Place[] =>
  answeredIn(view).filter(({ name }) => ![...HALVES, 'chosen', 'history'].includes(name));

const answeredIn = (view: View): Place[] =>
  view.places.filter(({ conversation }) => conversation !== null && extent(view, conversation).spoken);

/** What tells the model of its tools goes along. */
function tools({ places }: View): Pairs {
  const fitting = places.some(({ value, form }) => value === 'tools' && (form === 'text' || form === 'list'));
  return fitting ? [['tools', 'tools']] : [];
}

function answered(view: View): Candidate[] {
  const answers = find(view, COMPLETION, ['text'], 'completion');
  const choices = chosenAnswers(view);
  return [
    ...questions(view, answers).flatMap((question) => [
      ...choices.map((answer) => pair(question, answer, valueText(answer))),
      ...answers
        .filter((answer) => answer !== question.place)
        .map((answer) => pair(question, answer.value, valueText(answer.value))),
    ]),
    ...wholeNumbers(view),
    ...halves(view),
  ];
}

function pair(question: Question, answer: Value, name: string): Candidate {
  const pairs: Pairs =
    question.before.length > 0
      ? [['messages', chat(question, answer)]]
      : [
          ['prompt', asPrompt(question)],
          ['completion', answer],
        ];
  return candidate(pairs, `${question.meaning} ${name}`, question.must_be_empty);
}

/** The right one of several choices, by its number; by its letter it is a text like any. */
function chosenAnswers(view: View): Value[] {
  const [choices] = find(view, CHOICES, ['texts']);
  const numbers = find(view, ['answer', 'label', 'answer_idx', 'answer_index', 'correct', 'gold', 'target'], ['whole']);
  if (!choices) return [];
  return numbers.map(({ value }) => ({ op: 'pick', of: { op: 'lettered', of: choices.value }, by: value }));
}

/** Numbers that answer a question, where no text does. */
function wholeNumbers(view: View): Candidate[] {
  if (find(view, COMPLETION, ['text']).length > 0 || find(view, CHOICES, ['texts']).length > 0) return [];
  const numbers = find(view, COMPLETION, ['whole']);
  return questions(view).flatMap((question) =>
    numbers.map(({ value }) => pair(question, { op: 'join', parts: [value], by: '\n\n' }, valueText(value))),
  );
}

/** Messages in the question, messages or text in the answer. */
function halves({ places }: View): Candidate[] {
  const prompt = places.find(({ name, conversation }) => name === 'prompt' && conversation !== null)?.conversation;
  if (!prompt) return [];
  const answers = places.filter(
    ({ name, form, conversation }) =>
      ['completion', 'response', 'answer'].includes(name) && (conversation !== null || form === 'text'),
  );
  return answers.map(({ value, conversation }) =>
    candidate(
      [
        ['prompt', prompt],
        ['completion', conversation ?? { op: 'chat', turns: [{ role: 'assistant', content: value }] }],
      ],
      valueText(value),
    ),
  );
}

/** Of two answers the better one. */
function preferredAnswers(view: View): Candidate[] {
  return preferred(view).map(({ pairs, whole, meaning, must_be_empty }) => {
    const from = new Map(pairs);
    const chosen = from.get('chosen') ?? 'chosen';
    const prompt = from.get('prompt');
    if (whole || prompt === undefined)
      return candidate([[whole ? 'messages' : 'text', chosen]], meaning, must_be_empty);
    return candidate(
      [
        ['prompt', prompt],
        ['completion', chosen],
      ],
      meaning,
      must_be_empty,
    );
  });
}

function texts(view: View): Candidate[] {
  return find(view, TEXT, ['text'], 'text').map(({ value }) => candidate([['text', value]], valueText(value)));
}
