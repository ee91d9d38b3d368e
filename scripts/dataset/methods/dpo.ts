import { preview } from '../../printable.ts';
import { extrasProblem, fails, fromValueProblem, harms, messagesProblem, note, textProblem } from '../cells.ts';
import type { Problem } from '../findings.ts';
import { candidate, columnsFor, preferencePairs } from '../names.ts';
import type { Row } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation, isText, sameJson } from '../trainable.ts';
import { hasPrompt, present, visionProblem } from './columns.ts';
import type { MethodRules } from './method.ts';

/** DPOTrainer: `chosen` and `rejected`, with `prompt` or with the prompt as their common beginning. */
export const dpo: MethodRules = {
  method: 'dpo',

  shape(kinds) {
    const vision = visionProblem(kinds);
    if (vision) return { problem: vision };
    const missing = ['chosen', 'rejected'].filter((name) => !kinds.has(name));
    if (missing.length > 0) {
      const names = missing.map((name) => `\`${name}\``).join(' and ');
      return { problem: fails('missing_columns', `Missing ${names}: TRL stops with KeyError: '${missing[0]}'.`) };
    }
    const from = ['chosen', 'rejected'].find((name) => kinds.get(name) === 'from_value');
    if (from !== undefined) return { problem: fromValueProblem(from) };
    const conversational = kinds.get('chosen') === 'messages';
    const strays = ['messages', 'completion'].filter((name) => kinds.has(name));
    const stray = strays.find((name) => (kinds.get(name) === 'messages') !== conversational);
    if (conversational && kinds.get('prompt') === 'text') {
      return {
        problem: fails(
          'text_prompt',
          '`prompt` is text where `chosen` and `rejected` are messages: TRL stops, can only concatenate str (not "list") to str. Without `prompt` it takes their common beginning.',
        ),
      };
    }
    if (stray !== undefined) {
      return {
        problem: fails(
          'stray_column',
          `Has \`${stray}\` beside \`chosen\` and \`rejected\`, one as text and one as messages: TRL takes one for the other and stops.`,
        ),
      };
    }
    return { shape: { format: 'preference', conversational } };
  },

  asides(kinds, { conversational }) {
    if (hasPrompt(kinds) || conversational) return [];
    const characters = 'TRL takes the characters that both texts begin with for the prompt.';
    const [question] = columnsFor('prompt', kinds, 'text');
    return question === undefined
      ? [note('implicit_prompt', `There is no \`prompt\`: ${characters}`)]
      : [
          harms(
            'prompt_unused',
            `\`${preview(question, 40)}\` is not called \`prompt\` and is not used: ${characters}`,
          ),
        ];
  },

  problems(row, { conversational }) {
    const cell = (column: string, answered: boolean): Problem | null =>
      conversational ? messagesProblem(column, row[column], answered) : textProblem(column, row[column]);
    const cells = present([
      extrasProblem(row),
      'prompt' in row ? cell('prompt', false) : null,
      cell('chosen', true),
      cell('rejected', true),
    ]);
    return cells.length > 0 ? cells : pairProblems(row);
  },

  characters: (row) => usedCharacters([row.prompt, row.chosen, row.prompt, row.rejected]),

  candidates(kinds) {
    return preferencePairs(kinds).flatMap(({ chosen, rejected, kind }) => {
      const pair = [
        ['chosen', chosen],
        ['rejected', rejected],
      ] as const;
      const explicit = columnsFor('prompt', kinds, kind).map((prompt) =>
        candidate([['prompt', prompt], ...pair], kinds),
      );
      const repeated = { ...candidate(pair, kinds), must_be_empty: [] };
      return kind === 'messages' || explicit.length === 0 ? [...explicit, repeated] : explicit;
    });
  },
};

/** `prompt`, `chosen` and `rejected` are each fine; are they together? */
function pairProblems(row: Row): Problem[] {
  const { prompt, chosen, rejected } = row;
  if (sameJson(chosen, rejected)) {
    return [harms('identical_pair', '`chosen` and `rejected` are the same: TRL trains on it, and nothing is learned.')];
  }
  if ('prompt' in row) {
    return [chosen, rejected].some((answer) => beginsWith(answer, prompt))
      ? [
          harms(
            'prompt_repeated',
            '`chosen` or `rejected` repeats `prompt`: TRL trains on the duplicated turns without a word.',
          ),
        ]
      : [];
  }
  if (isConversation(chosen) && isConversation(rejected) && !sameJson(chosen[0], rejected[0])) {
    return [
      fails(
        'no_shared_prompt',
        '`chosen` and `rejected` begin differently, so there is no prompt: TRL stops, or trains on answers to nothing.',
      ),
    ];
  }
  return [];
}

function beginsWith(answer: unknown, prompt: unknown): boolean {
  if (isText(answer) && isText(prompt)) return answer.length > prompt.length && answer.startsWith(prompt);
  if (!isConversation(answer) || !isConversation(prompt)) return false;
  return answer.length > prompt.length && prompt.every((message, index) => sameJson(message, answer[index]));
}
