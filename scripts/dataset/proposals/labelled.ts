import type { Scalar, Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { parseJson } from '../mapping/functions.ts';
import { COMPLETION, normal } from '../names.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { preferenceProposals } from './preference.ts';
import { chat, questions, said } from './prompt.ts';
import { wholeConversations, withSystem } from './sft.ts';
import { find, type Place, type View } from './view.ts';

const LABEL = [
  'label',
  'labels',
  'feedback',
  'thumbs',
  'is_good',
  'good',
  'liked',
  'desirable',
  'is_preferred',
  'vote',
  'thumbs_up',
  'is_helpful',
  'is_correct',
  'correct',
  'success',
];
const RATING = ['rating', 'score', 'stars', 'reward', 'quality', 'overall_score', 'helpfulness'];
const YES = [
  'true',
  'yes',
  'good',
  'positive',
  'thumbs_up',
  'up',
  'upvote',
  'like',
  'liked',
  'desirable',
  'accepted',
  'correct',
  '1',
  '+',
];
const NO = [
  'false',
  'no',
  'bad',
  'negative',
  'thumbs_down',
  'down',
  'downvote',
  'dislike',
  'disliked',
  'undesirable',
  'rejected',
  'incorrect',
  '0',
  '-1',
  '-',
];

/** Answers that are called good or bad, one by one; else pairs of them. */
export function labelledProposals(view: View): Candidate[] {
  const labels = labelsIn(view);
  const answers = answersIn(view);
  const found = answers.flatMap(({ pairs, meaning, must_be_empty }) =>
    labels.map((label) => candidate([...pairs, ['label', label]], `${meaning} ${valueText(label)}`, must_be_empty)),
  );
  return found.length > 0 ? found : preferenceProposals(view);
}

function answersIn(view: View): { pairs: Pairs; meaning: string; must_be_empty: string[] }[] {
  const completions = find(view, COMPLETION, ['text'], 'completion');
  const texts = questions(view, completions).flatMap((question) =>
    completions
      .filter((answer) => answer !== question.place)
      .map(({ value }) => ({
        pairs: halves(question.before.length > 0 ? [chat(question), said(value)] : [question.text, value]),
        meaning: `${question.meaning} ${valueText(value)}`,
        must_be_empty: question.must_be_empty,
      })),
  );
  const own = ['prompt', 'completion'].map((name) => view.places.find(({ value }) => value === name)?.conversation);
  const [prompt, completion] = own;
  if (prompt && completion) return [{ pairs: halves([prompt, completion]), meaning: 'prompt', must_be_empty: [] }];
  if (texts.length > 0) return texts;
  return wholeConversations(view).map(({ value, conversation }) => {
    const of = conversation ?? value;
    const parts: [Value, Value] = [
      withSystem(view, { op: 'slice', of, start: 0, end: -1 }),
      { op: 'slice', of, start: -1, end: null },
    ];
    return { pairs: halves(parts), meaning: valueText(of), must_be_empty: [] };
  });
}

const halves = ([prompt, completion]: [prompt: Value, completion: Value]): Pairs => [
  ['prompt', prompt],
  ['completion', completion],
];

/** True and false, made of whatever says good and bad. Where to draw the line through ratings is asked. */
function labelsIn(view: View): Value[] {
  const own = find(view, LABEL, ['boolean'], 'label').map(({ value }) => value);
  if (own.length > 0) return own;
  const named = [...find(view, LABEL, ['text', 'whole'], 'label'), ...find(view, RATING, ['text'])].flatMap(wordsOf);
  return named.length > 0 ? named : ratings(view).flatMap(thresholds);
}

/** Numbers, in a table without types as text, too. */
function ratings(view: View): Pick<Place, 'value' | 'cells'>[] {
  const written = find(view, RATING, ['text']).map(({ value, cells }) => ({
    value: { op: 'json', of: value } as const,
    cells: cells.map(parseJson),
  }));
  return [...find(view, RATING, ['whole', 'number']), ...written];
}

function wordsOf({ value, cells }: Place): Value[] {
  const words = [...new Set(cells)].filter((cell): cell is Scalar => ['string', 'number'].includes(typeof cell));
  const cases = words.flatMap((is) => {
    const word = normal(String(is));
    const good = YES.includes(word);
    return good || NO.includes(word) ? [{ is, value: { op: 'const', value: good } as const }] : [];
  });
  // More of them than words of yes and no: a rating or a name, not a label.
  return words.length > 6 || cases.length < words.length || cases.length === 0
    ? []
    : [{ op: 'choose', by: value, cases }];
}

function thresholds({ value, cells }: Pick<Place, 'value' | 'cells'>): Value[] {
  const numbers = cells.flatMap((cell) => (typeof cell === 'number' ? [cell] : []));
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  if (!(least < most)) return [];
  const middle = (least + most) / 2;
  // Between two ratings: one on the line would be neither good nor bad.
  const line = numbers.includes(middle) ? middle + 0.5 : middle;
  const best = most - 0.5;
  return [...new Set([line, ...(most - least >= 2 ? [best] : [])])].map((than) => ({
    op: 'greater',
    a: value,
    b: { op: 'const', value: than },
  }));
}
