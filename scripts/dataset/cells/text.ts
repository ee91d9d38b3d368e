import { fails, harms, type Problem } from '../findings.ts';
import { isConversation, isText } from '../trainable.ts';
import { kindOf } from './kind-of.ts';

export const NO_ENDSWITH = "AttributeError: 'NoneType' object has no attribute 'endswith'";
export const NO_TEXT = 'ValueError: You need to specify either `text` or `text_target`.';

/** What TRL 1.16 does with a cell that should hold text. `nullError`: what it says to a null while it prepares. */
export function textProblem(column: string, value: unknown, nullError: string): Problem | null {
  if (isText(value)) return null;
  if (value === '') {
    return column === 'prompt'
      ? harms('empty_prompt', '`prompt` is empty: the answer is trained without a question.')
      : harms('empty_text', `\`${column}\` is empty: TRL trains on nothing but the end-of-sequence token there.`);
  }
  if (value === null || value === undefined) return nullProblem(column, nullError);
  if (isConversation(value)) {
    return fails(
      'mixed_formats',
      `\`${column}\` is a list of messages where other rows or columns have text: TRL stops.`,
      'map',
      "AttributeError: 'list' object has no attribute 'endswith'",
    );
  }
  return fails('not_text', `\`${column}\` is ${kindOf(value)}, not text: TRL stops while tokenizing.`, 'map');
}

export function nullProblem(column: string, error: string): Problem {
  return fails('null_value', `\`${column}\` is null: TRL stops while it prepares the rows.`, 'map', error);
}
