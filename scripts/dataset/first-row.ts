import type { Problem } from './findings.ts';
import { hasBrokenPicture } from './methods/pictures.ts';
import { isRecord, type Row } from './rows.ts';
import { hasSoundKwargs, hasSoundTools } from './trainable.ts';

/** Columns of text or messages: TRL looks into one of them to tell which of the two. */
const TELLING = ['prompt', 'completion', 'chosen', 'rejected', 'messages', 'text'];

/**
 * A problem of the columns, as TRL comes to it: it starts with the first row, and what is wrong there may stop it before
 * or in other words. `rendered`: by a chat template that may refuse it.
 */
export function afterFirstRow(problem: Problem, first: Row | undefined, rendered: boolean): Problem {
  if (!first || problem.stage === 'init' || problem.error === "KeyError: 'prompt'") return problem;
  const { stage, error: _, ...rest } = problem;
  if (TELLING.some((name) => isEmptyList(first[name])) || hasBrokenPicture(first)) return rest;
  return stage && (isOdd(first) || (rendered && hasTurns(first))) ? { ...rest, stage } : problem;
}

/** Whether preparing this row stops in other words than those for the columns. */
function isOdd(row: Row): boolean {
  const cells = TELLING.filter((name) => name in row).map((name) => row[name]);
  return cells.some((cell) => !isTextOrTurns(cell)) || !hasSoundKwargs(row, false) || !hasSoundTools(row, false);
}

const hasTurns = (row: Row): boolean => TELLING.some((name) => Array.isArray(row[name]));

const isTextOrTurns = (cell: unknown): boolean =>
  typeof cell === 'string' || (Array.isArray(cell) && cell.every(isRecord));

const isEmptyList = (cell: unknown): boolean => Array.isArray(cell) && cell.length === 0;
