import type { Row } from '../dataset/rows.ts';

/** Names that data sets give to the right answer and to the tests of code, the best first. */
const ANSWERS = [
  'answer',
  'final_answer',
  'ground_truth',
  'solution',
  'expected_answer',
  'target',
  'reference',
  'label',
];
const TESTS = [
  'tests',
  'test_cases',
  'test_list',
  'test',
  'input_output',
  'verification_info',
  'private_tests',
  'public_tests',
];

export const answerColumn = (columns: readonly string[]): string | null => firstOf(ANSWERS, columns);
export const testColumn = (columns: readonly string[]): string | null => firstOf(TESTS, columns);

const firstOf = (names: readonly string[], columns: readonly string[]): string | null =>
  names.find((name) => columns.includes(name)) ?? null;

/** The flag that fits these rows, for a person to say yes to; null where nothing does. */
export function proposeReward(columns: readonly string[], rows: readonly Row[]): string | null {
  const tests = testColumn(columns);
  if (tests !== null) return `code:column=${tests}`;
  const answers = answerColumn(columns);
  if (answers === null) return null;
  const cells = rows.map((row) => row[answers]).filter((cell) => cell !== null && cell !== undefined);
  const mathematical = cells.filter((cell) => typeof cell === 'number' || (typeof cell === 'string' && isMath(cell)));
  if (mathematical.length > cells.length / 2) return `math:column=${answers}`;
  const short = cells.filter((cell) => String(cell).length <= 80);
  return short.length > cells.length / 2 ? `exact:column=${answers}` : null;
}

/** Marked as a result, a number, or LaTeX. */
const isMath = (text: string): boolean =>
  /####|\\boxed|\\frac|\\sqrt|\$.+\$/.test(text) || /^[-+$(]?\s*[\d.,/^*+() -]+%?\)?$/.test(text.trim());
