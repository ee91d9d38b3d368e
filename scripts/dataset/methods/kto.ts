import { extrasProblem } from '../cells/extras.ts';
import { messagesProblem } from '../cells/messages.ts';
import { NO_ENDSWITH, NO_TEXT, textProblem } from '../cells/text.ts';
import { fails, harms, note, type Problem } from '../findings.ts';
import type { Row } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isLabel } from '../trainable.ts';
import { conversationalOr, hasPrompt, missingColumns, present, strayMessages } from './columns.ts';
import { dpo } from './dpo.ts';
import type { MethodRules, Shape } from './method.ts';
import { pairProblems, shapeOfPairs } from './pairs.ts';
import { hasPictures, visionProblem, withPictureProblem, withPictures } from './pictures.ts';

/** KTOTrainer: answers, each with a `label` good or not; pairs are taken apart into two. */
export const kto: MethodRules = {
  method: 'kto',

  shape(kinds) {
    const vision = visionProblem(kinds);
    if (vision) return { problem: vision };
    const paired = kinds.has('chosen') && kinds.has('rejected');
    if (paired && hasPictures(kinds)) return { problem: PAIRED_PICTURES };
    if (paired) return shapeOfPairs(kinds, { split: true });
    const missing = missingColumns(kinds, hasPrompt(kinds) ? ['completion'] : ['chosen', 'rejected']);
    if (missing) return withPictures(kinds, { problem: missing });
    const found = conversationalOr(kinds, ['prompt', 'completion']);
    return withPictures(
      kinds,
      'problem' in found ? found : { shape: { format: 'unpaired-preference', conversational: found.conversational } },
    );
  },

  asides(kinds, shape) {
    if (shape.format !== 'preference') return strayMessages(kinds, shape);
    const taken = ['label', 'completion'].find((name) => kinds.has(name));
    return [
      ...(taken === undefined
        ? [note('unpaired', 'TRL makes two rows of each pair: `chosen` is the good answer, `rejected` the bad one.')]
        : [
            harms(
              'pairs_overwritten',
              `Has \`${taken}\` beside pairs: TRL puts it in the place of what it makes of them, so that good and bad answers can't be told apart.`,
            ),
          ]),
      ...dpo.asides(kinds, shape),
    ];
  },

  problems(row, shape) {
    if (shape.format === 'preference') {
      const label = 'label' in row ? labelProblem(row.label) : null;
      return present([label, ...pairProblems(row, shape, { split: true })]);
    }
    const found = labelProblem(row.label);
    // With pictures the rows are not prepared: the collator is the first that looks.
    const label = found?.stage && shape.vision ? fails(found.code, found.message, 'train') : found;
    const answers = [extrasProblem(row, shape), ...answerProblems(row, shape)];
    return withPictureProblem(row, shape, present([...answers, label ?? oneSided(row)]));
  },

  characters: (row, { format }) =>
    usedCharacters(
      format === 'preference' ? [row.prompt, row.chosen, row.prompt, row.rejected] : [row.prompt, row.completion],
    ),
};

const NO_LABEL = fails(
  'missing_columns',
  'Missing `label`: TRL stops.',
  'init',
  "ValueError: Column 'label' doesn't exist.",
);

const PAIRED_PICTURES = fails(
  'paired_pictures',
  'Pairs with pictures: TRL wants them as single answers, `completion` with `label`.',
  'init',
  'ValueError: Vision datasets must be in unpaired format with `completion` and `label` columns.',
);

function answerProblems({ prompt, completion }: Row, { conversational }: Shape): (Problem | null)[] {
  return conversational
    ? [
        messagesProblem('prompt', prompt, false),
        messagesProblem(
          'completion',
          completion,
          true,
          'TypeError: can only concatenate list (not "NoneType") to list',
        ),
      ]
    : // TRL ends all texts before it tokenizes any.
      [textProblem('completion', completion, NO_ENDSWITH), textProblem('prompt', prompt, NO_TEXT)];
}

function labelProblem(label: unknown): Problem | null {
  if (isLabel(label)) return null;
  if (label === undefined) return NO_LABEL;
  if (typeof label === 'number' || typeof label === 'bigint') {
    return harms(
      'label_not_boolean',
      '`label` is a number other than 0 and 1: TRL takes every number but 0 for a good answer.',
    );
  }
  const [what, type] = label === null ? ['null', 'NoneType'] : ['not true or false', 'str'];
  return fails(
    'bad_label',
    `\`label\` is ${what}: TRL stops.`,
    'init',
    `TypeError: unsupported operand type(s) for +: 'int' and '${type}'`,
  );
}

/** Said only where it is so of every row. */
function oneSided({ label }: Row): Problem {
  return label === true || label === 1 || label === 1n
    ? note('one_label', 'All answers are labelled good: there is nothing to keep away from.')
    : note('one_label', 'All answers are labelled bad: there is nothing to come closer to.');
}
