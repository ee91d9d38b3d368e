import type { Mapping } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import type { Finding } from '../plan/schema.ts';
import { Analysis, type Columns } from './analysis.ts';
import { datasetFinding, note } from './findings.ts';
import type { MethodRules } from './methods/method.ts';
import type { Candidate } from './proposals/candidate.ts';
import { proposalsFor } from './proposals/table.ts';
import type { MethodReport, PictureStatistics, TokenStatistics } from './report.ts';
import type { SeenRow } from './rows.ts';

const MAX_CANDIDATES = 10;
/** A mapping under which more rows than this share can't train is not proposed. */
const TOLERATED = 0.5;

/** One method on the data as it is, and, where that doesn't do, under the mappings that might. */
export class MethodTrial {
  readonly #own: Analysis;
  /** Under mappings, with what each means: of those that mean the same, the first that does is proposed. */
  readonly #mapped: readonly { analysis: Analysis; meaning: string }[];

  constructor(
    private readonly rules: MethodRules,
    columns: Columns,
    mapping: Mapping | null,
    head: readonly SeenRow[],
  ) {
    this.#own = new Analysis(rules, columns, mapping);
    const fine = columns.mixed.length === 0 && trains(tried(new Analysis(rules, columns, null), head));
    const candidates = mapping || fine ? [] : proposalsFor(rules.method, columns).slice(0, MAX_CANDIDATES);
    const fresh = (each: Candidate): Analysis => new Analysis(rules, columns, each.mapping, each.must_be_empty);
    this.#mapped = candidates
      .filter((each) => proposable(tried(fresh(each), head)))
      .map((each) => ({ analysis: fresh(each), meaning: each.meaning }));
  }

  get method(): Method {
    return this.rules.method;
  }

  /** On the data as it is, then under the mappings. */
  get analyses(): readonly Analysis[] {
    return [this.#own, ...this.#mapped.map(({ analysis }) => analysis)];
  }

  add(row: SeenRow): void {
    this.#own.add(row);
    for (const { analysis } of this.#mapped) analysis.add(row);
  }

  report(dropInvalid: boolean): MethodReport {
    const own = this.#own.report(dropInvalid);
    const proposed = this.#proposals().map((analysis) => ({ analysis, report: analysis.report(dropInvalid) }));
    const [best, ...others] = proposed.filter(({ report }) => report.verdict === 'READY');
    const reasons = (mapped: MethodReport): Finding[] => {
      const known = new Set(mapped.findings.map(({ code }) => code));
      return own.findings.filter(({ kind, code }) => kind !== 'note' && !known.has(code));
    };
    if (best) {
      return {
        ...best.report,
        verdict: 'NEEDS_MAPPING',
        findings: [...reasons(best.report), ...best.report.findings],
        ...(others.length > 0 ? { other_mappings: others.flatMap(({ analysis }) => analysis.mapping ?? []) } : {}),
      };
    }
    const [refused] = proposed;
    if (!refused || own.verdict === 'READY') return own;
    // A mapping would do but for some rows: once they are left out it is proposed.
    const { findings, invalid_rows } = refused.report;
    const unready = datasetFinding(REFUSED, invalid_rows);
    return { ...own, findings: [...reasons(refused.report), ...findings, unready], invalid_rows };
  }

  /** Tokens of the rows that train, the way they would train. */
  tokens(scale: number): TokenStatistics | undefined {
    return (this.#proposals()[0] ?? this.#own).tokens.statistics(scale);
  }

  /** Their pictures. */
  pictures(scale: number): PictureStatistics | undefined {
    return (this.#proposals()[0] ?? this.#own).pictures.statistics(scale);
  }

  #proposals(): Analysis[] {
    if (trains(this.#own)) return [];
    const doing = this.#mapped.filter(({ analysis }) => proposable(analysis));
    const first = doing.filter(({ meaning }, index) => doing.findIndex((each) => each.meaning === meaning) === index);
    return first.map(({ analysis }) => analysis);
  }
}

const trains = (analysis: Analysis): boolean => analysis.usable && !analysis.harmful;

const proposable = (analysis: Analysis): boolean => trains(analysis) && analysis.invalidShare <= TOLERATED;

const REFUSED = note(
  'mapping_without_rows',
  'A mapping of the columns would do, but some rows stop training under it: leave them out with --drop-invalid.',
);

function tried(analysis: Analysis, rows: readonly SeenRow[]): Analysis {
  for (const row of rows) analysis.add(row);
  return analysis;
}
