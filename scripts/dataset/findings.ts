import type { Finding } from '../plan/schema.ts';

/** What is wrong with one row, or with the columns. */
export interface Problem {
  kind: Finding['kind'];
  code: string;
  /** Plain words: what it is, then what TRL does with it. */
  message: string;
}

const FIRST = 5;
const SEVERITY: readonly Finding['kind'][] = ['fails', 'drops', 'harms', 'note'];

/** Counts the rows of each problem and keeps the numbers of the first. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add({ kind, code, message }: Problem, row: number): void {
    const key = `${code} ${message}`;
    const finding = this.#found.get(key) ?? { kind, code, message, count: 0, rows: [] };
    this.#found.set(key, finding);
    finding.count += 1;
    if (finding.rows.length < FIRST) finding.rows.push(row);
  }

  list(): Finding[] {
    return [...this.#found.values()];
  }
}

/** Worst kind first, then the most frequent. */
export function bySeverity(a: Finding, b: Finding): number {
  return SEVERITY.indexOf(a.kind) - SEVERITY.indexOf(b.kind) || b.count - a.count;
}

/** A problem of the columns concerns every row, so no row is named. */
export function datasetFinding(problem: Problem, rows: number): Finding {
  const { kind, code, message } = problem;
  return { kind, code, message, count: rows, rows: [] };
}
