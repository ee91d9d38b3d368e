import type { Finding } from '../plan/schema.ts';
import type { Problem } from './findings.ts';
import type { Shape } from './methods/method.ts';
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

/** The stage of a finding, seen together with the others and with where the first row is. */
export function inOrder({ format }: Shape): (finding: Finding, index: number, all: readonly Finding[]) => Finding {
  return (finding, _, all) => {
    const { stage, error, ...rest } = finding;
    const first = finding.rows[0] === 0;
    const chat = format === 'language-modeling';
    if (first && finding.code === 'broken_picture') return { ...finding, stage: 'init' };
    if (finding.code === 'empty_list' && stage === 'map') {
      // Of several columns TRL looks into any one, another in each process.
      return !chat ? rest : first ? { ...finding, stage: 'init' } : finding;
    }
    if (first && finding.code === 'no_shared_prompt') return rest;
    // By a first row without messages TRL takes the rows for text.
    if (first && chat && finding.code === 'null_value') return rest;
    // KTO counts the labels when the rows are prepared: it doesn't come to that where they stop it.
    return stage === 'init' && all.some((each) => each.stage === 'map')
      ? { ...rest, ...(error ? { error } : {}) }
      : finding;
  };
}
