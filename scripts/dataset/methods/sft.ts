import { extrasProblem } from '../cells/extras.ts';
import { messagesProblem } from '../cells/messages.ts';
import { NO_ENDSWITH, NO_TEXT, textProblem } from '../cells/text.ts';
import { fruitless, harms, note, type Problem } from '../findings.ts';
import { asSftReads } from '../from-value.ts';
import { isRecord, type Row } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation, isText } from '../trainable.ts';
import { present, strayMessages } from './columns.ts';
import type { MethodRules, Shape } from './method.ts';
import { withPictureProblem } from './pictures.ts';
import { isFromValue, shapeOfColumns } from './sft-columns.ts';

/** SFTTrainer: `messages` or `text`, or `prompt` with `completion`. */
export const sft: MethodRules = {
  method: 'sft',

  shape: shapeOfColumns,

  asides(kinds, shape) {
    const { format, conversational } = shape;
    if (format === 'prompt-completion') {
      return [...(!conversational && kinds.has('text') ? [TEXT_BESIDE] : []), ...strayMessages(kinds, shape)];
    }
    if (!conversational) return [];
    return [
      ...(isFromValue(kinds) ? [FROM_VALUE] : []),
      ...(kinds.has('text') ? [note('text_unused', 'The column `text` is not used: the conversations are.')] : []),
    ];
  },

  read: asSftReads,

  problems(row, shape) {
    return 'input_ids' in row ? [TOKENIZED] : withPictureProblem(row, shape, rowProblems(row, shape));
  },

  characters: (row, { format, conversational }) =>
    format === 'prompt-completion'
      ? usedCharacters([row.prompt, row.completion])
      : usedCharacters([conversational ? row.messages : row.text]),
};

function rowProblems(row: Row, shape: Shape): Problem[] {
  const extras = extrasProblem(row, shape);
  if (shape.format === 'prompt-completion') return present([extras, ...pairProblems(row, shape)]);
  if (shape.conversational) {
    const messages = messagesProblem('messages', row.messages, true, "KeyError: 'text'");
    return present([extras, withTools(messages, row), emptyAnswer('messages', row.messages)]);
  }
  const text = textProblem('text', row.text, NO_ENDSWITH);
  return present([extras, text?.code === 'empty_text' ? fruitless(text) : text]);
}

const TEXT_BESIDE = harms(
  'text_beside_completion',
  'There is a column `text` too: TRL ends it, not `completion`, with the end-of-sequence token.',
);

const TOKENIZED = harms(
  'already_tokenized',
  'There is a column `input_ids`: TRL trains on those ids as they are, whatever tokenizer made them. Map the text columns to leave it out.',
);

const FROM_VALUE = note(
  'from_value',
  '`conversations` holds messages as {from, value}: TRL renames these keys and leaves the roles as they are.',
);

function pairProblems(row: Row, { conversational }: Shape): (Problem | null)[] {
  const { prompt, completion } = row;
  if (conversational) {
    const answer = messagesProblem(
      'completion',
      completion,
      true,
      'TypeError: can only concatenate list (not "NoneType") to list',
    );
    return [messagesProblem('prompt', prompt, false), answer, emptyAnswer('completion', completion)];
  }
  const answer = textProblem('completion', completion, NO_ENDSWITH);
  const beside = 'text' in row && typeof row.text !== 'string' ? textProblem('text', row.text, NO_ENDSWITH) : null;
  const nothing = prompt === '' && completion === '';
  // TRL ends all texts before it tokenizes any.
  return [answer && nothing ? fruitless(answer) : answer, beside, textProblem('prompt', prompt, NO_TEXT)];
}

/** Tools are rendered although no turn is, so the row stays. */
function withTools(problem: Problem | null, { tools }: Row): Problem | null {
  const rendered = Array.isArray(tools) ? tools.length > 0 : isText(tools) && tools !== '[]';
  return problem?.kind === 'drops' && rendered ? harms(problem.code, problem.message) : problem;
}

function emptyAnswer(column: string, value: unknown): Problem | null {
  if (!isConversation(value)) return null;
  const empty = value.some((turn) => isRecord(turn) && turn.role === 'assistant' && turn.content === '');
  return empty
    ? harms('empty_answer', `\`${column}\` has an empty assistant turn: the model learns to say nothing.`)
    : null;
}
