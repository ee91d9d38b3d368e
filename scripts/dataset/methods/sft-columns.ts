import { fromValueProblem, NO_COLUMNS, stringified } from '../cells/messages.ts';
import { fails, type Problem, type Stage } from '../findings.ts';
import type { ColumnKind, ColumnKinds } from '../kinds.ts';
import { conversationalOr, hasPrompt, missingColumns, noColumns } from './columns.ts';
import type { MethodRules, Shape } from './method.ts';
import { visionProblem, withPictures } from './pictures.ts';

/** What SFTTrainer makes of the columns, in its order of looking. */
export function shapeOfColumns(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  if (isTokenized(kinds)) return { shape: { format: 'language-modeling', conversational: false } };
  const problem = visionProblem(kinds) ?? labelsProblem(kinds);
  return problem ? { problem } : withPictures(kinds, shapeOfText(kinds));
}

/** TRL prepares nothing where there are token ids. */
const isTokenized = (kinds: ColumnKinds): boolean => kinds.has('input_ids');

/** Which TRL makes `messages` of. */
export const isFromValue = (kinds: ColumnKinds): boolean => kinds.get('conversations') === 'from_value';

/** Columns that TRL takes for its own: the labels of tokens, or which of them are the assistant's. */
function labelsProblem(kinds: ColumnKinds): Problem | null {
  if (kinds.has('assistant_masks')) {
    return fails('masks_column', 'There is a column `assistant_masks`: TRL takes it for its own and stops.', 'train');
  }
  if (!kinds.has('labels')) return null;
  const message = 'There is a column `labels`: TRL takes it for token labels and stops.';
  const stages: Partial<Record<ColumnKind, Stage>> = { text: 'train', null: 'map' };
  return fails('labels_column', message, stages[kinds.get('labels') ?? 'other']);
}

function shapeOfText(kinds: ColumnKinds): ReturnType<MethodRules['shape']> {
  if (hasPrompt(kinds)) return shapeOfPrompt(kinds);
  if (isFromValue(kinds))
    return shapeOr(new Map([...kinds, ['messages', 'messages']]), ['messages'], 'language-modeling');
  if (kinds.get('messages') === 'messages') return shapeOr(kinds, ['messages'], 'language-modeling');
  if (kinds.get('text') === 'messages') return { problem: MESSAGES_AS_TEXT };
  if (kinds.has('text')) {
    const found = conversationalOr(kinds, ['text'], { strict: true });
    return 'problem' in found ? found : { shape: { format: 'language-modeling', ...found } };
  }
  return { problem: kinds.has('messages') ? notMessages(kinds) : neither(kinds) };
}

const MESSAGES_AS_TEXT = fails(
  'not_text',
  '`text` holds lists of messages: TRL stops. Conversations go into a column `messages`.',
  'map',
  "AttributeError: 'list' object has no attribute 'endswith'",
);

const neither = (kinds: ColumnKinds): Problem => {
  const message = 'Has neither `messages`, nor `text`, nor `prompt` with `completion`: TRL stops.';
  const asked = ['chosen', 'rejected', 'completion'].some((name) => kinds.get(name) === 'messages');
  if (kinds.size === 0) return noColumns(message);
  return fails('missing_columns', message, 'map', asked ? "KeyError: 'messages'" : "KeyError: 'text'");
};

/** TRL removes such a column: with no other one nothing is left to train on. */
function notMessages(kinds: ColumnKinds): Problem {
  const problem =
    kinds.get('messages') === 'from_value'
      ? fromValueProblem('messages', "KeyError: 'text'")
      : kinds.get('messages') === 'text'
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
