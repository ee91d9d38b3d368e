import { extrasProblem } from '../cells/extras.ts';
import { isKnownRole, messagesProblem } from '../cells/messages.ts';
import { NO_ENDSWITH, NO_TEXT, textProblem } from '../cells/text.ts';
import { fails, fruitless, harms, type Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';
import type { Row } from '../rows.ts';
import { isRecord } from '../rows.ts';
import { isConversation, isText, sameJson } from '../trainable.ts';
import { conversationalOr, hasPrompt, missingColumns, present } from './columns.ts';
import type { MethodRules, Shape } from './method.ts';

const NO_IDX = "UnboundLocalError: cannot access local variable 'idx' where it is not associated with a value";
const NO_LENGTH = "TypeError: object of type 'NoneType' has no len()";
const NO_LIST = 'TypeError: can only concatenate list (not "NoneType") to list';

/** `chosen` and `rejected`, with or without `prompt`: what DPO, KTO and Reward share. `split`: as in pairProblems. */
export function shapeOfPairs(kinds: ColumnKinds, { split }: { split: boolean }): ReturnType<MethodRules['shape']> {
  const missing = missingColumns(kinds, ['chosen', 'rejected']);
  if (missing) return { problem: missing };
  const own = [...(hasPrompt(kinds) ? ['prompt'] : []), 'chosen', 'rejected'];
  const found = conversationalOr(kinds, own, { strict: split && !hasPrompt(kinds) });
  return 'problem' in found ? found : { shape: { format: 'preference', ...found } };
}

/** `split`: whether the trainer itself splits the prompt off where there is none, as DPO and KTO do. */
export function pairProblems(row: Row, shape: Shape, { split }: { split: boolean }): Problem[] {
  const explicit = 'prompt' in row;
  const cells = present([
    extrasProblem(row, shape),
    // TRL ends all texts before it tokenizes any.
    ...(['chosen', 'rejected'] as const).map((column) =>
      answerProblem(column, row[column], shape, { split, explicit }),
    ),
    explicit ? cellProblem('prompt', row.prompt, shape, split ? NO_TEXT : 'TypeError') : null,
  ]);
  if (cells.some(({ kind }) => kind === 'fails')) return cells;
  const rendered = shape.conversational ? unrendered(row, cells) : null;
  if (rendered) return [rendered];
  const together = explicit ? repetition(row) : split ? commonBeginning(row) : null;
  return present([...cells, together, sameAnswers(row, shape)]);
}

function cellProblem(column: string, value: unknown, { conversational }: Shape, nullError: string): Problem | null {
  return conversational ? messagesProblem(column, value, false, nullError) : textProblem(column, value, nullError);
}

function answerProblem(
  column: string,
  value: unknown,
  shape: Shape,
  { split, explicit }: { split: boolean; explicit: boolean },
): Problem | null {
  const isSplit = split && !explicit;
  const isEmptyList = Array.isArray(value) && value.length === 0;
  if (isSplit && (value === '' || isEmptyList)) {
    const message = `\`${column}\` is empty, so it has no prompt to split off: TRL stops.`;
    return fails('empty_answer', message, 'map', NO_IDX);
  }
  if (!split && explicit && isEmptyList) {
    return harms('empty_answer', `\`${column}\` is empty: TRL judges \`prompt\` alone.`);
  }
  const ofMessages = explicit ? NO_LIST : NO_TEXT;
  const nullError = isSplit ? NO_LENGTH : shape.conversational ? ofMessages : NO_ENDSWITH;
  return shape.conversational ? messagesProblem(column, value, true, nullError) : textProblem(column, value, nullError);
}

/** Where no turn of the answers is rendered: no token is left to learn, and with no prompt either none to read. */
function unrendered({ prompt, chosen, rejected }: Row, cells: readonly Problem[]): Problem | null {
  const lost = cells.filter(({ kind }) => kind === 'drops');
  const [first] = lost;
  if (!first) return null;
  const asked = Array.isArray(prompt) && prompt.some((turn) => isRecord(turn) && isKnownRole(turn.role));
  if (asked) return lost.length === 2 ? fruitless(harms(first.code, first.message)) : harms(first.code, first.message);
  const where = [prompt, chosen, rejected].filter((cell) => cell !== undefined).length;
  return fails(
    first.code,
    `${first.message} With ${where === 2 ? 'such answers' : 'such a prompt'} no token is left: TRL stops.`,
    'train',
  );
}

function sameAnswers({ chosen, rejected }: Row, { vision }: Shape): Problem | null {
  if (!vision && saysNothing(chosen) && saysNothing(rejected)) return BOTH_SILENT;
  return sameJson(chosen, rejected)
    ? fruitless(
        harms('identical_pair', '`chosen` and `rejected` are the same: TRL trains on it, and nothing is learned.'),
      )
    : null;
}

const saysNothing = (answer: unknown): boolean =>
  Array.isArray(answer) &&
  answer.every((turn) => isRecord(turn) && typeof turn.content !== 'string' && !turn.tool_calls);

const BOTH_SILENT = fruitless(
  harms(
    'identical_pair',
    "Neither `chosen` nor `rejected` has any content that is text: Qwen3's chat template makes the same of both, and nothing is learned.",
  ),
);

function repetition({ prompt, chosen, rejected }: Row): Problem | null {
  return [chosen, rejected].some((answer) => beginsWith(answer, prompt))
    ? harms(
        'prompt_repeated',
        '`chosen` or `rejected` repeats `prompt`: TRL trains on the duplicated turns without a word.',
      )
    : null;
}

/** TRL takes the messages that both begin with for the prompt; of two that are the same, all but the last. */
function commonBeginning({ chosen, rejected }: Row): Problem | null {
  if (!Array.isArray(chosen) || !Array.isArray(rejected)) return null;
  const length = Math.min(chosen.length, rejected.length);
  const different = chosen.slice(0, length).findIndex((message, index) => !sameJson(message, rejected[index]));
  if ((different === -1 ? length - 1 : different) > 0) return null;
  return fails(
    'no_shared_prompt',
    '`chosen` and `rejected` have no beginning in common, so there is no prompt: TRL stops.',
    'map',
  );
}

function beginsWith(answer: unknown, prompt: unknown): boolean {
  if (isText(answer) && isText(prompt)) return answer.length > prompt.length && answer.startsWith(prompt);
  if (!isConversation(answer) || !isConversation(prompt)) return false;
  return answer.length > prompt.length && prompt.every((message, index) => sameJson(message, answer[index]));
}
