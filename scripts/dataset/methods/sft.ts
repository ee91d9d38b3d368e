import { extrasProblem, fails, fromValueProblem, harms, messagesProblem, note, textProblem } from '../cells.ts';
import type { ColumnKinds } from '../kinds.ts';
import { candidate, columnsFor, conversationColumns } from '../names.ts';
import { isRecord } from '../rows.ts';
import { usedCharacters } from '../tokens.ts';
import { isConversation } from '../trainable.ts';
import { hasPrompt, present, visionProblem } from './columns.ts';
import type { MethodRules, Shape } from './method.ts';

/** Columns by which TRL tells conversations from text: it looks at one of them, whichever comes first. */
const TELLING = ['prompt', 'completion', 'chosen', 'rejected', 'messages'];

/** SFTTrainer: `messages` or `text`, or `prompt` with `completion`. TRL's order of looking is kept. */
export const sft: MethodRules = {
  method: 'sft',

  shape(kinds) {
    const vision = visionProblem(kinds);
    if (vision) return { problem: vision };
    if (kinds.has('input_ids')) {
      return {
        problem: fails(
          'already_tokenized',
          'There is a column `input_ids`: TRL trains on those ids as they are, whatever tokenizer made them. Map the text columns to leave it out.',
        ),
      };
    }
    if (kinds.has('labels')) {
      return {
        problem: fails('labels_column', 'There is a column `labels`: TRL takes it for token labels and stops.'),
      };
    }
    const from = ['messages', 'conversations'].find((name) => kinds.get(name) === 'from_value');
    if (from !== undefined) return { problem: fromValueProblem(from) };
    return shapeOfText(kinds);
  },

  asides(kinds, { format }) {
    if (format === 'prompt-completion' && kinds.has('text')) {
      return [
        harms(
          'text_beside_completion',
          'There is a column `text` too: TRL ends it, not `completion`, with the end-of-sequence token.',
        ),
      ];
    }
    if (kinds.has('messages') && kinds.has('text'))
      return [note('text_unused', 'The column `text` is not used: `messages` is.')];
    return [];
  },

  problems(row, { format, conversational }) {
    const extras = extrasProblem(row);
    if (format === 'language-modeling') {
      const own = conversational ? messagesProblem('messages', row.messages, true) : textProblem('text', row.text);
      const empty = conversational ? emptyAnswer('messages', row.messages) : null;
      return present([extras, own, empty]);
    }
    return conversational
      ? present([
          extras,
          messagesProblem('prompt', row.prompt, false),
          messagesProblem('completion', row.completion, true),
          emptyAnswer('completion', row.completion),
        ])
      : present([extras, textProblem('prompt', row.prompt), textProblem('completion', row.completion)]);
  },

  characters: (row, { format, conversational }) =>
    format === 'prompt-completion'
      ? usedCharacters([row.prompt, row.completion])
      : usedCharacters([conversational ? row.messages : row.text]),

  candidates(kinds) {
    const conversations = conversationColumns(kinds).map((from) => candidate([['messages', from]], kinds));
    if (conversations.length > 0) return conversations;
    const pairs = columnsFor('prompt', kinds, 'text').flatMap((prompt) =>
      columnsFor('completion', kinds, 'text')
        .filter((completion) => completion !== prompt)
        .map((completion) =>
          candidate(
            [
              ['prompt', prompt],
              ['completion', completion],
            ],
            kinds,
          ),
        ),
    );
    if (pairs.length > 0) return pairs;
    return columnsFor('text', kinds, 'text').map((from) => candidate([['text', from]], kinds));
  },
};

function shapeOfText(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  if (hasPrompt(kinds)) return shapeOfPrompt(kinds);
  if (kinds.has('messages')) return mixedOr(kinds, ['messages'], { format: 'language-modeling', conversational: true });
  if (kinds.has('text')) return mixedOr(kinds, ['text'], { format: 'language-modeling', conversational: false });
  return {
    problem: fails(
      'missing_columns',
      "Has neither `messages`, nor `text`, nor `prompt` with `completion`: TRL stops with KeyError: 'text'.",
    ),
  };
}

function shapeOfPrompt(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  if (!kinds.has('completion')) {
    const other = ['messages', 'text'].find((name) => kinds.has(name));
    return {
      problem:
        other === undefined
          ? fails('missing_columns', "Has `prompt` but no `completion`: TRL stops with KeyError: 'completion'.")
          : fails(
              'stray_prompt',
              `Has \`prompt\` beside \`${other}\`: TRL then expects \`completion\` too and stops with KeyError: 'completion'. Keep \`${other}\` alone.`,
            ),
    };
  }
  const conversational = kinds.get('completion') === 'messages' || kinds.get('prompt') === 'messages';
  return mixedOr(kinds, ['prompt', 'completion'], { format: 'prompt-completion', conversational });
}

/** Columns of another trainer's format confuse TRL where they are of another kind. */
function mixedOr(kinds: ColumnKinds, own: string[], shape: Shape): ReturnType<MethodRules['shape']> {
  const stray = TELLING.filter((name) => !own.includes(name)).find((name) => {
    const kind = kinds.get(name);
    return kind !== undefined && (kind === 'messages') !== shape.conversational;
  });
  if (stray === undefined) return { shape };
  return {
    problem: fails(
      'stray_column',
      `Has \`${stray}\` beside ${own.map((name) => `\`${name}\``).join(' and ')}, one as text and one as messages: TRL takes one for the other and stops.`,
    ),
  };
}

function emptyAnswer(column: string, value: unknown): ReturnType<typeof harms> | null {
  if (!isConversation(value)) return null;
  const empty = value.some((turn) => isRecord(turn) && turn.role === 'assistant' && turn.content === '');
  return empty
    ? harms('empty_answer', `\`${column}\` has an empty assistant turn: the model learns to say nothing.`)
    : null;
}
