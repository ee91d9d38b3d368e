import { extrasProblem } from '../cells/extras.ts';
import { fromValueProblem, messagesProblem, NO_COLUMNS, stringified } from '../cells/messages.ts';
import { NO_ENDSWITH, NO_TEXT, textProblem } from '../cells/text.ts';
import { fails, fruitless, harms, note, type Problem, type Stage } from '../findings.ts';
import type { ColumnKind, ColumnKinds } from '../kinds.ts';
import { isRecord, type Row } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation } from '../trainable.ts';
import { conversationalOr, hasPrompt, missingColumns, noColumns, present } from './columns.ts';
import type { MethodRules, Shape } from './method.ts';
import { visionProblem, withPictureProblem, withPictures } from './pictures.ts';

/** SFTTrainer: `messages` or `text`, or `prompt` with `completion`. TRL's order of looking is kept. */
export const sft: MethodRules = {
  method: 'sft',

  shape(kinds) {
    const problem = visionProblem(kinds) ?? tokenProblem(kinds);
    return problem ? { problem } : withPictures(kinds, shapeOfText(kinds));
  },

  asides(kinds, { format, conversational }) {
    if (format === 'prompt-completion' && !conversational && kinds.has('text')) {
      return [
        harms(
          'text_beside_completion',
          'There is a column `text` too: TRL ends it, not `completion`, with the end-of-sequence token.',
        ),
      ];
    }
    if (format === 'language-modeling' && conversational && kinds.has('text'))
      return [note('text_unused', 'The column `text` is not used: `messages` is.')];
    return [];
  },

  problems(row, shape) {
    return withPictureProblem(row, shape, rowProblems(row, shape));
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
    return present([extras, messages, emptyAnswer('messages', row.messages)]);
  }
  const text = textProblem('text', row.text, NO_ENDSWITH);
  return present([extras, text?.code === 'empty_text' ? fruitless(text) : text]);
}

/** Columns that TRL takes for tokens. */
function tokenProblem(kinds: ColumnKinds): Problem | null {
  if (kinds.has('input_ids')) {
    return fails(
      'already_tokenized',
      'There is a column `input_ids`: TRL trains on those ids as they are, whatever tokenizer made them. Map the text columns to leave it out.',
      'train',
    );
  }
  if (!kinds.has('labels')) return null;
  const message = 'There is a column `labels`: TRL takes it for token labels and stops.';
  const stages: Partial<Record<ColumnKind, Stage>> = { text: 'train', null: 'map' };
  return fails('labels_column', message, stages[kinds.get('labels') ?? 'other']);
}

function shapeOfText(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  if (hasPrompt(kinds)) return shapeOfPrompt(kinds);
  if (kinds.get('conversations') === 'from_value') return { problem: fromValueProblem('conversations', NO_COLUMNS) };
  if (kinds.get('messages') === 'messages') {
    return shapeOr(kinds, ['messages'], 'language-modeling');
  }
  if (kinds.has('text')) return shapeOr(kinds, ['text'], 'language-modeling');
  return { problem: kinds.has('messages') ? notMessages(kinds) : neither(kinds) };
}

const neither = (kinds: ColumnKinds): Problem => {
  const message = 'Has neither `messages`, nor `text`, nor `prompt` with `completion`: TRL stops.';
  const asked = ['chosen', 'rejected', 'completion'].some((name) => kinds.get(name) === 'messages');
  if (kinds.size === 0) return noColumns(message);
  return fails('missing_columns', message, 'map', asked ? "KeyError: 'messages'" : "KeyError: 'text'");
};

/** TRL removes such a column: with no other one nothing is left to train on. */
function notMessages(kinds: ColumnKinds): Problem {
  if (kinds.get('messages') === 'from_value') return fromValueProblem('messages', NO_COLUMNS);
  const problem =
    kinds.get('messages') === 'text'
      ? fails('stringified_messages', stringified('messages'), 'map', "KeyError: 'text'")
      : fails(
          'not_messages',
          '`messages` holds no list of messages {role, content}: TRL stops.',
          'map',
          "KeyError: 'text'",
        );
  return kinds.size > 1 ? problem : { ...problem, stage: 'train', error: NO_COLUMNS };
}

function shapeOfPrompt(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  const missing = missingColumns(kinds, ['completion']);
  if (!missing) return shapeOr(kinds, ['prompt', 'completion'], 'prompt-completion');
  const other = ['messages', 'text'].find((name) => kinds.has(name));
  if (other === undefined) return { problem: missing };
  const message = `Has \`prompt\` beside \`${other}\`: TRL then expects \`completion\` too and stops. Keep \`${other}\` alone.`;
  return { problem: { ...missing, code: 'stray_prompt', message } };
}

function shapeOr(kinds: ColumnKinds, own: string[], format: Shape['format']): ReturnType<MethodRules['shape']> {
  const found = conversationalOr(kinds, own);
  return 'problem' in found ? found : { shape: { format, ...found } };
}

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
  return [textProblem('prompt', prompt, NO_TEXT), answer && nothing ? fruitless(answer) : answer, beside];
}

function emptyAnswer(column: string, value: unknown): Problem | null {
  if (!isConversation(value)) return null;
  const empty = value.some((turn) => isRecord(turn) && turn.role === 'assistant' && turn.content === '');
  return empty
    ? harms('empty_answer', `\`${column}\` has an empty assistant turn: the model learns to say nothing.`)
    : null;
}
