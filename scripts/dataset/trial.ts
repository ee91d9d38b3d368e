import type { Mapping } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import { preview } from '../printable.ts';
import { Analysis, type Columns } from './analysis.ts';
import { note } from './cells.ts';
import { datasetFinding, type Problem } from './findings.ts';
import { visionProblem } from './methods/columns.ts';
import type { Candidate, MethodRules } from './methods/method.ts';
import type { MethodReport, TokenStatistics } from './report.ts';
import type { SeenRow } from './rows.ts';

const MAX_CANDIDATES = 6;
/** A mapping under which more rows than this share can't train is not proposed. */
const TOLERATED = 0.5;

/** One method on the data as it is, and, where that doesn't do, under the mappings that might. */
export class MethodTrial {
  readonly #own: Analysis;
  readonly #mapped: readonly Analysis[];
  /** What stood in the way of mappings that would do otherwise. */
  readonly #split: Problem | null;

  constructor(
    private readonly rules: MethodRules,
    columns: Columns,
    mapping: Mapping | null,
    head: readonly SeenRow[],
  ) {
    this.#own = new Analysis(rules, columns, mapping);
    const fine = columns.mixed.length === 0 && trains(tried(new Analysis(rules, columns, null), head));
    const candidates =
      mapping || fine || visionProblem(columns.kinds) ? [] : rules.candidates(columns.kinds).slice(0, MAX_CANDIDATES);
    const analyses = candidates.map((each) => () => new Analysis(rules, columns, each.mapping, each.must_be_empty));
    this.#mapped = analyses.filter((fresh) => proposable(tried(fresh(), head))).map((fresh) => fresh());
    const lossy = candidates.find((_, index) => analyses[index] && tried(analyses[index](), head).lossy);
    this.#split = lossy ? splitPrompt(lossy) : null;
  }

  get method(): Method {
    return this.rules.method;
  }

  add(row: SeenRow): void {
    this.#own.add(row);
    for (const analysis of this.#mapped) analysis.add(row);
  }

  report(dropInvalid: boolean): MethodReport {
    const own = this.#own.report(dropInvalid);
    const [best, ...others] = this.#proposals();
    if (!best?.mapping) {
      const hint = this.#split && !trains(this.#own) ? [datasetFinding(this.#split, 0)] : [];
      return { ...own, findings: [...own.findings, ...hint] };
    }
    const mapped = best.report(dropInvalid);
    const known = new Set(mapped.findings.map(({ code }) => code));
    const reasons = own.findings.filter(({ kind, code }) => kind !== 'note' && !known.has(code));
    return {
      ...mapped,
      ...best.shape,
      verdict: 'NEEDS_MAPPING',
      findings: [...reasons, ...mapped.findings],
      ...(others.length > 0 ? { other_mappings: others.flatMap(({ mapping }) => mapping ?? []) } : {}),
    };
  }

  /** Tokens of the rows that train, the way they would train. */
  tokens(scale: number): TokenStatistics | undefined {
    return (this.#proposals()[0] ?? this.#own).tokens.statistics(scale);
  }

  #proposals(): Analysis[] {
    return trains(this.#own) ? [] : this.#mapped.filter(proposable);
  }
}

const trains = (analysis: Analysis): boolean => analysis.usable && !analysis.harmful;

const proposable = (analysis: Analysis): boolean => trains(analysis) && analysis.invalidShare <= TOLERATED;

function splitPrompt({ mapping, must_be_empty }: Candidate): Problem {
  const from = mapping.columns.find(({ to }) => to === 'prompt')?.from ?? 'prompt';
  const parts = [from, ...must_be_empty].map((name) => `\`${preview(name, 40)}\``).join(' and ');
  return note('split_prompt', `The question is spread over ${parts}: join them into one \`prompt\` column first.`);
}

function tried(analysis: Analysis, rows: readonly SeenRow[]): Analysis {
  for (const row of rows) analysis.add(row);
  return analysis;
}
