import type { Finding } from '../plan/schema.ts';

/** What is wrong with one row, or with the columns. */
export interface Problem {
  kind: Finding['kind'];
  code: string;
  /** Plain words: what it is, then what TRL does with it. */
  message: string;
  /** Where TRL stops, for `fails`. */
  stage?: Stage;
  /** What TRL 1.16 says there, for `fails`. */
  error?: string;
  /** Nothing is learned from such a row: a dataset of nothing else doesn't train. */
  fruitless?: true;
}

export type Stage = NonNullable<Finding['stage']>;

export const harms = (code: string, message: string): Problem => ({ kind: 'harms', code, message });
export const note = (code: string, message: string): Problem => ({ kind: 'note', code, message });
/** TRL leaves the row out. */
export const drops = (code: string, message: string): Problem => ({ kind: 'drops', code, message, fruitless: true });
export const fruitless = (problem: Problem): Problem => ({ ...problem, fruitless: true });

/** `error`: the first line of TRL's own words. No stage where it differs from model to model or run to run. */
export function fails(code: string, message: string, stage?: Stage, error?: string): Problem {
  return { kind: 'fails', code, message, ...(stage ? { stage } : {}), ...(error === undefined ? {} : { error }) };
}

const FIRST = 5;
const SEVERITY: readonly Finding['kind'][] = ['fails', 'drops', 'harms', 'note'];

/** Counts the rows of each problem and keeps the numbers of the first. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(problem: Problem, row: number): void {
    const key = `${problem.code} ${problem.message}`;
    const finding = this.#found.get(key) ?? { ...said(problem), count: 0, rows: [] };
    this.#found.set(key, finding);
    finding.count += 1;
    if (finding.rows.length < FIRST) finding.rows.push(row);
  }

  /** In the order of the first rows. */
  list(): Finding[] {
    return [...this.#found.values()].sort(byRow);
  }

  /** Those of rows that follow: their row 0 is row `offset` here. */
  merge(findings: readonly Finding[], offset: number): void {
    for (const finding of findings) {
      const key = `${finding.code} ${finding.message}`;
      const known = this.#found.get(key) ?? { ...finding, count: 0, rows: [] };
      this.#found.set(key, known);
      known.count += finding.count;
      known.rows = [...known.rows, ...finding.rows.map((row) => row + offset)].slice(0, FIRST);
    }
  }
}

function byRow(a: Finding, b: Finding): number {
  return (a.rows[0] ?? 0) - (b.rows[0] ?? 0) || compare(a.code, b.code) || compare(a.message, b.message);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Worst kind first, then the most frequent. */
export function bySeverity(a: Finding, b: Finding): number {
  return SEVERITY.indexOf(a.kind) - SEVERITY.indexOf(b.kind) || b.count - a.count;
}

/** Problems of the dataset that its rows show together. */
const OF_ALL_ROWS = ['one_label'];

/** Whether it is one: most are problems wherever they are. */
export function worthSaying({ code, count }: Finding, rows: number): boolean {
  return !OF_ALL_ROWS.includes(code) || (count === rows && rows > 1);
}

/** A problem of the columns concerns every row, so no row is named. */
export function datasetFinding(problem: Problem, rows: number): Finding {
  return { ...said(problem), count: rows, rows: [] };
}

function said({ kind, code, message, stage, error }: Problem): Omit<Finding, 'count' | 'rows'> {
  return { kind, code, message, ...(stage ? { stage } : {}), ...(error ? { error } : {}) };
}
