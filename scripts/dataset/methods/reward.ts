import { fails, harms, note, type Problem } from '../findings.ts';
import { usedCharacters } from '../tokens.ts';
import { hasPrompt, present, strayMessages } from './columns.ts';
import type { MethodRules } from './method.ts';
import { pairProblems, shapeOfPairs } from './pairs.ts';
import { hasPictures, pictureColumn } from './pictures.ts';

/** RewardTrainer: `chosen` and `rejected`, whole conversations or texts; a `prompt` is put before both. */
export const reward: MethodRules = {
  method: 'reward',

  shape(kinds) {
    return shapeOfPairs(kinds, { split: false });
  },

  asides(kinds, shape) {
    const { conversational } = shape;
    const pictures = pictureColumn(kinds);
    return present([
      ...strayMessages(kinds, shape),
      pictures === undefined ? null : unread(pictures, hasPictures(kinds)),
      !hasPrompt(kinds) && !conversational
        ? note('whole_texts', 'There is no `prompt`: each text is judged as it stands, so it should hold the question.')
        : null,
    ]);
  },

  problems(row, shape) {
    return present([marginProblem(row.margin), ...pairProblems(row, shape, { split: false })]);
  },

  characters: (row) => usedCharacters([row.prompt, row.chosen, row.prompt, row.rejected]),
};

/** The trainer looks at text alone, with a model that reads text. */
function unread(column: string, pictures: boolean): Problem {
  return pictures
    ? harms(
        'pictures_unread',
        `The pictures in \`${column}\` are not seen: TRL's reward models read text, and judge answers about what they don't see.`,
      )
    : note('pictures_unused', `The column \`${column}\` is not used: TRL's reward models read text.`);
}

/** How much better `chosen` is, where there is such a column. */
function marginProblem(margin: unknown): Problem | null {
  if (margin === undefined || typeof margin === 'number' || typeof margin === 'bigint' || typeof margin === 'boolean') {
    return null;
  }
  return fails(
    'bad_margin',
    '`margin` is not a number: TRL stops.',
    'train',
    margin === null ? 'TypeError: must be real number, not NoneType' : "ValueError: too many dimensions 'str'",
  );
}
