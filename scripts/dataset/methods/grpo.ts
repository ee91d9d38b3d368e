import { extrasProblem, fails, fromValueProblem, harms, messagesProblem, note, textProblem } from '../cells.ts';
import type { Problem } from '../findings.ts';
import { candidate, columnsFor, rewardColumns } from '../names.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation } from '../trainable.ts';
import { hasPrompt, present, visionProblem } from './columns.ts';
import type { MethodRules } from './method.ts';

/** Arguments that TRL itself passes to a reward function; a column of that name is one too many. */
const RESERVED = ['prompts', 'completions'];

/** GRPOTrainer: `prompt`, and the columns that the reward function reads. */
export const grpo: MethodRules = {
  method: 'grpo',

  shape(kinds) {
    const vision = visionProblem(kinds);
    if (vision) return { problem: vision };
    if (!hasPrompt(kinds))
      return { problem: fails('missing_columns', "Missing `prompt`: TRL stops with KeyError: 'prompt'.") };
    const reserved = RESERVED.find((name) => kinds.has(name));
    if (reserved !== undefined) {
      return {
        problem: fails(
          'reserved_column',
          `Has a column \`${reserved}\`: reward functions then get multiple values for that argument and stop.`,
        ),
      };
    }
    if (kinds.get('prompt') === 'from_value') return { problem: fromValueProblem('prompt') };
    return { shape: { format: 'prompt-only', conversational: kinds.get('prompt') === 'messages' } };
  },

  asides(kinds) {
    const columns = rewardColumns(kinds).map((name) => `\`${name}\``);
    const readable = columns.length > 0 ? `; it could compare with ${columns.join(', ')}` : '';
    return [note('reward_needed', `GRPO learns from a reward function that scores each answer${readable}.`)];
  },

  problems(row, { conversational }) {
    return present([extrasProblem(row), promptProblem(row.prompt, conversational)]);
  },

  characters: (row) => usedCharacters([row.prompt]),

  candidates(kinds) {
    const rewards = rewardColumns(kinds);
    return (['text', 'messages'] as const)
      .flatMap((kind) => columnsFor('prompt', kinds, kind))
      .map((prompt) => {
        const kept = rewards.filter((name) => name !== prompt).map((name) => [name, name] as const);
        return candidate([['prompt', prompt], ...kept], kinds);
      });
  },
};

function promptProblem(prompt: unknown, conversational: boolean): Problem | null {
  const nothing =
    prompt === null || prompt === undefined || prompt === '' || (Array.isArray(prompt) && prompt.length === 0);
  if (nothing) {
    return harms(
      'empty_prompt',
      '`prompt` is null or empty: TRL does not notice, and the model answers nothing in particular.',
    );
  }
  if (!conversational) return textProblem('prompt', prompt);
  const problem = messagesProblem('prompt', prompt, false);
  if (problem) return problem;
  return isConversation(prompt) && prompt.at(-1)?.role === 'assistant'
    ? harms('answer_in_prompt', '`prompt` ends with an assistant turn: the model already sees an answer.')
    : null;
}
