import { messagesProblem } from '../cells/messages.ts';
import { textProblem } from '../cells/text.ts';
import { fails, fruitless, harms, note, type Problem } from '../findings.ts';
import { rewardColumns } from '../names.ts';
import { isRecord } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation } from '../trainable.ts';
import { hasPrompt, present } from './columns.ts';
import type { MethodRules } from './method.ts';
import { pictureColumn, withPictureProblem, withPictures } from './pictures.ts';

/** Arguments that TRL itself passes to a reward function; a column of that name is one too many. */
const RESERVED = ['prompts', 'completions'];

const NOT_TEXT = 'ValueError: text input must be of type `str` (single example), `list[str]` or `list[list[str]]`.';
const ONLY_CONVERSATIONS = 'ValueError: Multimodal training requires conversational prompts.';

/** GRPOTrainer and RLOOTrainer: `prompt`, and the columns that the reward function reads. Nothing is prepared. */
export const online: Omit<MethodRules, 'method'> = {
  shape(kinds) {
    if (!hasPrompt(kinds)) {
      return { problem: fails('missing_columns', 'Missing `prompt`: TRL stops.', 'train', "KeyError: 'prompt'") };
    }
    const reserved = RESERVED.find((name) => kinds.has(name));
    if (reserved !== undefined) return { problem: reservedColumn(reserved) };
    const kind = kinds.get('prompt');
    const conversational = kind === 'messages';
    if (kind === 'from_value') return { problem: notText(true) };
    const pictures = pictureColumn(kinds);
    if (pictures !== undefined && !conversational && kinds.get(pictures) !== 'null') {
      const message = `Has pictures in \`${pictures}\` and \`prompt\` as text: TRL stops. It takes them with conversations only.`;
      return { problem: fails('vision_columns', message, 'train', ONLY_CONVERSATIONS) };
    }
    return withPictures(kinds, { shape: { format: 'prompt-only', conversational } });
  },

  asides(kinds) {
    const columns = rewardColumns(kinds).map((name) => `\`${name}\``);
    const readable = columns.length > 0 ? `; it could compare with ${columns.join(', ')}` : '';
    return [note('reward_needed', `It learns from a reward function that scores each answer${readable}.`)];
  },

  problems(row, shape) {
    return withPictureProblem(row, shape, present([promptProblem(row.prompt, shape.conversational)]));
  },

  characters: (row) => usedCharacters([row.prompt]),
};

function promptProblem(prompt: unknown, conversational: boolean): Problem | null {
  if (prompt === '') {
    return fruitless(
      harms(
        'empty_prompt',
        '`prompt` is empty: the model answers nothing in particular, and a batch of nothing else stops TRL.',
      ),
    );
  }
  if (!conversational && typeof prompt !== 'string') return listOfTexts(prompt) ?? notText(false);
  const problem = conversational ? messagesProblem('prompt', prompt, false) : textProblem('prompt', prompt, '');
  if (problem?.kind === 'fails') return { ...problem, stage: 'train', error: conversational ? 'TypeError' : NOT_TEXT };
  if (problem?.kind === 'drops') return harms(problem.code, problem.message);
  if (problem) return withoutContents(prompt) ?? problem;
  return isConversation(prompt) && prompt.at(-1)?.role === 'assistant'
    ? harms('answer_in_prompt', '`prompt` ends with an assistant turn: the model already sees an answer.')
    : null;
}

function listOfTexts(prompt: unknown): Problem | null {
  if (!Array.isArray(prompt) || prompt.length === 0 || !prompt.every((item) => typeof item === 'string')) return null;
  return harms('list_of_texts', '`prompt` is a list of texts: TRL takes each for a word and runs them together.');
}

/** Here TRL looks into `content` itself, and stops where the messages have no such key. */
function withoutContents(prompt: unknown): Problem | null {
  const none = Array.isArray(prompt) && prompt.every((message) => isRecord(message) && !('content' in message));
  if (!none) return null;
  return fails('missing_content', '`prompt` has messages without content: TRL stops.', 'train', "KeyError: 'content'");
}

function notText(fromValue: boolean): Problem {
  return fromValue
    ? fails(
        'from_value',
        '`prompt` holds messages as {from, value}, which TRL does not read: it stops.',
        'train',
        NOT_TEXT,
      )
    : fails('not_text', '`prompt` is neither text nor a list of messages: TRL stops.', 'train', NOT_TEXT);
}

function reservedColumn(column: string): Problem {
  return fails(
    'reserved_column',
    `Has a column \`${column}\`: reward functions then get that argument twice and stop.`,
    'train',
    `TypeError: got multiple values for keyword argument '${column}'`,
  );
}
