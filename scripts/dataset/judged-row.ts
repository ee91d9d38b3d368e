import { harms, type Problem } from './findings.ts';
import type { MethodRules, Shape } from './methods/method.ts';
import type { Row } from './rows.ts';
import { NOT_CHECKED, type RowChecks } from './tokenizer/row-checks.ts';

/** What is wrong with one row. */
export interface JudgedRow {
  problems: readonly Problem[];
  /** What stops TRL, by the cells alone. */
  failing: Problem | undefined;
  /** Whether the model's chat template stops it. */
  refused: boolean;
  harmful: Problem | undefined;
}

/** By the method's rules, and by the model's chat template where there is one. */
export function judgedRow(rules: MethodRules, shape: Shape, checks: RowChecks | null, row: Row): JudgedRow {
  const own = rules.problems(row, shape);
  const failing = own.find(({ kind }) => kind === 'fails');
  const rendered = failing ? null : (checks?.problem(row) ?? null);
  const known = checks !== null && rendered?.code !== NOT_CHECKED.code;
  const problems = [...(known ? own.map(asRendered) : own), ...(rendered ? [rendered] : [])];
  const harmful = problems.find(({ kind }) => kind === 'harms' || kind === 'drops');
  return { problems, failing, refused: rendered?.kind === 'fails', harmful };
}

/** What most chat templates would leave out; where the model's own is known, it says itself whether anything is left. */
const asRendered = (problem: Problem): Problem =>
  problem.kind === 'drops' ? harms(problem.code, problem.message) : problem;
