import type { Scalar, Value } from '../../plan/value.ts';
import { normal } from '../names.ts';
import { type Answer, find, type Place, type View } from './view.ts';

/** Two answers side by side, and a column that says which is better. */
export interface Judged {
  chosen: Answer;
  rejected: Answer;
  /** Places of the two answers. */
  answers: Place[];
}

type Sides = readonly [string, string];
const SIDES: readonly Sides[] = [
  ['a', 'b'],
  ['0', '1'],
  ['1', '2'],
];
const ANSWERS = /^(?:response|answer|completion|output|conversation|reply|generation|human_ref|candidate|summary)$/;
const SCORES = /^(?:score|rating|reward|overall_score|quality)$/;
const JUDGES = [
  'winner',
  'better_response_id',
  'preference',
  'preferred',
  'choice',
  'better',
  'label',
  'labels',
  'preference_label',
];

export function judgedPairs(view: View): Judged[] {
  return SIDES.flatMap((sides) => {
    const [a, b] = sidesOf(view, ANSWERS, sides);
    if (!a || !b || a.form !== b.form || (a.conversation === null) !== (b.conversation === null)) return [];
    return [...byScores(view, sides), ...byJudge(view, sides)].map(({ by, first, second }) => ({
      chosen: chosenOf(by, first, second, a, b),
      rejected: chosenOf(by, second, first, a, b),
      answers: [a, b],
    }));
  });
}

/** A value that says who won, and what it says for each. */
interface Verdict {
  by: Value;
  first: Scalar[];
  second: Scalar[];
}

function sidesOf({ places }: View, base: RegExp, sides: Sides): (Place | undefined)[] {
  return sides.map((side) =>
    places.find(({ name }) => {
      const stem = name.endsWith(side) ? name.slice(0, -side.length).replace(/_$/, '') : '';
      return base.test(stem);
    }),
  );
}

function chosenOf(by: Value, first: Scalar[], second: Scalar[], a: Place, b: Place): Answer {
  const choice = (x: Value, y: Value): Value => ({
    op: 'choose',
    by,
    cases: [...first.map((is) => ({ is, value: x })), ...second.map((is) => ({ is, value: y }))],
  });
  return {
    value: choice(a.value, b.value),
    form: a.form,
    conversation: a.conversation && b.conversation && choice(a.conversation, b.conversation),
  };
}

/** Equal scores choose neither: such rows can't train. */
function byScores(view: View, sides: Sides): Verdict[] {
  const [a, b] = sidesOf(view, SCORES, sides);
  const numbers = ['whole', 'number'];
  if (!a || !b || !numbers.includes(a.form) || !numbers.includes(b.form)) return [];
  return [{ by: { op: 'greater', a: a.value, b: b.value }, first: [true], second: [false] }];
}

function byJudge(view: View, sides: Sides): Verdict[] {
  return find(view, JUDGES, ['text', 'whole']).flatMap(({ value, cells }) => {
    const said = [...new Set(cells)].filter((cell) => typeof cell === 'string' || typeof cell === 'number');
    if (said.length > 20) return [];
    const [first, second] = sides.map((side) => said.filter((cell) => means(cell, side)));
    if (first && second && first.length > 0 && second.length > 0) return [{ by: value, first, second }];
    // 0 and 1 for a and b: either may be meant.
    const ordered = said.every((cell) => cell === 0 || cell === 1) && said.length === 2 && !sides.includes('0');
    return ordered
      ? [
          { by: value, first: [1], second: [0] },
          { by: value, first: [0], second: [1] },
        ]
      : [];
  });
}

/** `model_a`, `response_a`, `A`; a number for numbered sides. */
function means(cell: Scalar, side: string): boolean {
  return normal(String(cell)).replace(/^(?:model|response|answer|assistant|option|completion|output)_?/, '') === side;
}
