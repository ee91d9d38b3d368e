import { messagesProblem } from '../cells/messages.ts';
import { textProblem } from '../cells/text.ts';
import { fails, fruitless, harms, note, type Problem } from '../findings.ts';
import { rewardColumns } from '../names.ts';
import { isRecord, type Row } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation } from '../trainable.ts';
import { hasPrompt, present } from './columns.ts';
import type { MethodRules } from './method.ts';
import { pictureColumn, withPictureProblem, withPictures } from './pictures.ts';

/** Arguments that TRL itself passes to a reward function; a column of that name is one too many. */
const RESERVED = ['prompts', 'completions'];

const NOT_TEXT = 'ValueError: text input must be of type `str` (single example), `list[str]`';
const ONLY_CONVERSATIONS = 'ValueError: Multimodal training requires conversational prompts.';

/** GRPOTrainer and RLOOTrainer: `prompt`, and the columns that the reward function reads. Nothing is prepared. */
export const online: Omit<MethodRules, 'method'> = {
  shape(kinds) {
    if (!hasPrompt(kinds)) {
      // Whatever is read first, the pictures are.
      const error = pictureColumn(kinds) !== undefined ? undefined : "KeyError: 'prompt'";
      return { problem: fails('missing_columns', 'Missing `prompt`: TRL stops.', 'train', error) };
    }
    const reserved = RESERVED.find((name) => kinds.has(name));
    if (reserved !== undefined) return { problem: reservedColumn(reserved) };
    const kind = kinds.get('prompt');
    const conversational = kind === 'messages';
    if (kind === 'from_value') return { problem: FROM_VALUE };
    const pictures = pictureColumn(kinds);
    if (pictures !== undefined && !conversational && kinds.get(pictures) !== 'null') {
      const message = `Has pictures in \`${pictures}\` and \`prompt\` as text: TRL stops. It takes them with conversations only.`;
      return { problem: fails('vision_columns', message, 'train', ONLY_CONVERSATIONS) };
    }
    const shape = { format: 'prompt-only', conversational } as const;
    return pictures !== undefined && kinds.get(pictures) === 'null' ? { shape } : withPictures(kinds, { shape });
  },

  asides(kinds) {
    const columns = rewardColumns(kinds).map((name) => `\`${name}\``);
    const readable = columns.length > 0 ? `; it could compare with ${columns.join(', ')}` : '';
    return [note('reward_needed', `It learns from a reward function that scores each answer${readable}.`)];
  },

  problems(row, shape) {
    const prompt = promptProblem(row.prompt, shape.conversational);
    return lacksPictures(row) ? present([NO_PICTURES, prompt]) : withPictureProblem(row, shape, present([prompt]));
  },

  characters: (row) => usedCharacters([row.prompt]),
};

/** Null where pictures are looked for. */
export const NO_PICTURES = fails(
  'null_picture',
  'Has null, or no picture where other rows have some: TRL stops at a batch with such a row.',
  'train',
);

const lacksPictures = ({ image, images }: Row): boolean => (images === undefined ? image === null : images === null);

function promptProblem(prompt: unknown, conversational: boolean): Problem | null {
  if (prompt === '') {
    return fruitless(
      harms(
        'empty_prompt',
        '`prompt` is empty: the model answers nothing in particular, and TRL stops where a batch begins with it.',
      ),
    );
  }
  if (!conversational && typeof prompt !== 'string') return listOfTexts(prompt) ?? notText(prompt);
  const problem = conversational ? messagesProblem('prompt', prompt, false) : textProblem('prompt', prompt, '');
  if (problem?.kind === 'fails') return fails(problem.code, problem.message, 'train');
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

const FROM_VALUE = fails(
  'from_value',
  '`prompt` holds messages as {from, value}, which TRL does not read: it stops.',
  'train',
  NOT_TEXT,
);

/** What TRL says differs with the rows beside it. */
function notText(prompt: unknown): Problem {
  return isConversation(prompt)
    ? fails('mixed_formats', '`prompt` is a list of messages where other rows have text: TRL stops.', 'train')
    : fails('not_text', '`prompt` is neither text nor a list of messages: TRL stops.', 'train');
}

function reservedColumn(column: string): Problem {
  return fails(
    'reserved_column',
    `Has a column \`${column}\`: reward functions then get that argument twice and stop.`,
    'train',
    `got multiple values for keyword argument '${column}'`,
  );
}
