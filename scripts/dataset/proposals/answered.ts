import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { COMPLETION, SUMMARY, SUMMED } from '../names.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { asPrompt, CHOICES, chat, type Question, questions, said } from './prompt.ts';
import { find, type View } from './view.ts';

/** What is asked, with its answer: a column of prompts and one of completions, or messages where more stands before. */
export function answered(view: View): Candidate[] {
  const answers = find(view, COMPLETION, ['text'], 'completion');
  const choices = chosenAnswers(view);
  return [
    ...questions(view, answers).flatMap((question) => [
      ...choices.map((answer) => pair(question, answer, valueText(answer))),
      ...answers
        .filter((answer) => answer !== question.place)
        .map((answer) => pair(question, answer.value, valueText(answer.value))),
    ]),
    ...otherAnswers(view),
    ...halves(view),
    ...summaries(view),
    ...translations(view),
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

/** Numbers, or true and false, that answer a question where no text does. */
function otherAnswers(view: View): Candidate[] {
  if (find(view, COMPLETION, ['text']).length > 0 || find(view, CHOICES, ['texts']).length > 0) return [];
  const numbers = find(view, COMPLETION, ['whole']).map(({ value }): [Value, Value] => [
    value,
    { op: 'join', parts: [value], by: '\n\n' },
  ]);
  const truths = find(view, COMPLETION, ['boolean']).map(({ value }): [Value, Value] => [
    value,
    { op: 'choose', by: value, cases: [word(true, 'yes'), word(false, 'no')] },
  ]);
  return questions(view).flatMap((question) =>
    [...numbers, ...truths].map(([value, text]) => pair(question, text, valueText(value))),
  );
}

const word = (is: boolean, value: string) => ({ is, value: { op: 'const', value } as const });

/** A long text with its summary, where nothing is asked. */
function summaries(view: View): Candidate[] {
  const [long] = find(view, SUMMED, ['text']);
  if (!long || questions(view).length > 0) return [];
  return find(view, SUMMARY, ['text']).map(({ value }) => promptAndCompletion(long.value, value));
}

/** A text in two languages, either of which may be the one that is given. */
function translations({ places }: View): Candidate[] {
  const fields = places.filter(
    ({ value, form }) =>
      typeof value !== 'string' && value.op === 'get' && value.of === 'translation' && form === 'text',
  );
  const [one, other] = fields;
  if (!one || !other || fields.length > 2) return [];
  return [promptAndCompletion(one.value, other.value), promptAndCompletion(other.value, one.value)];
}

const promptAndCompletion = (prompt: Value, completion: Value): Candidate =>
  candidate(
    [
      ['prompt', prompt],
      ['completion', completion],
    ],
    `${valueText(prompt)} ${valueText(completion)}`,
  );

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
        ['completion', conversation ?? said(value)],
      ],
      valueText(value),
    ),
  );
}
