import { preview } from '../../printable.ts';
import { harms, note } from '../findings.ts';
import { questionColumn } from '../names.ts';
import { usedCharacters } from '../tokens.ts';
import { hasPrompt, missingColumns, strayMessages } from './columns.ts';
import type { MethodRules } from './method.ts';
import { pairProblems, shapeOfPairs } from './pairs.ts';
import { hasPictures, visionProblem, withPictureProblem, withPictures } from './pictures.ts';

/** DPOTrainer: `chosen` and `rejected`, with `prompt` or with the prompt as their common beginning. */
export const dpo: MethodRules = {
  method: 'dpo',

  shape(kinds) {
    const vision = visionProblem(kinds);
    if (vision) return { problem: vision };
    const implicit = hasPictures(kinds) && !hasPrompt(kinds) ? missingColumns(kinds, ['prompt']) : null;
    return withPictures(kinds, implicit ? { problem: implicit } : shapeOfPairs(kinds, { split: true }));
  },

  asides(kinds, shape) {
    if (hasPrompt(kinds) || shape.conversational) return strayMessages(kinds, shape);
    const characters = 'TRL takes the characters that both texts begin with for the prompt.';
    const question = questionColumn(kinds);
    return question === undefined
      ? [note('implicit_prompt', `There is no \`prompt\`: ${characters}`)]
      : [
          harms(
            'prompt_unused',
            `\`${preview(question, 40)}\` is not called \`prompt\` and is not used: ${characters}`,
          ),
        ];
  },

  problems: (row, shape) => withPictureProblem(row, shape, pairProblems(row, shape, { split: true })),

  characters: (row) => usedCharacters([row.prompt, row.chosen, row.prompt, row.rejected]),
};
