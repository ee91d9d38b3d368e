import { fails, note, type Problem } from '../findings.ts';
import { usedCharacters } from '../tokens.ts';
import { hasPrompt, present } from './columns.ts';
import type { MethodRules } from './method.ts';
import { pairProblems, shapeOfPairs } from './pairs.ts';
import { pictureColumn, withPictures } from './pictures.ts';

/** RewardTrainer: `chosen` and `rejected`, whole conversations or texts; a `prompt` is put before both. */
export const reward: MethodRules = {
  method: 'reward',

  shape(kinds) {
    const found = withPictures(kinds, shapeOfPairs(kinds));
    return 'shape' in found && found.shape.vision && found.shape.conversational ? { problem: NO_PICTURES } : found;
  },

  asides(kinds, { conversational }) {
    const pictures = pictureColumn(kinds);
    return present([
      pictures === undefined
        ? null
        : note('pictures_unused', `The column \`${pictures}\` is not used: TRL's reward models read text.`),
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

const NO_PICTURES = fails(
  'pictures_unread',
  'Has pictures beside conversations: the reward trainer reads text alone, and the chat template of a vision-language model stops on it. Map the text columns to leave the pictures out.',
  'map',
  "UndefinedError: 'str object' has no attribute 'text'",
);

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
