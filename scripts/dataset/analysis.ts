import type { Mapping } from '../plan/mapping.ts';
import type { Finding } from '../plan/schema.ts';
import { preview } from '../printable.ts';
import { fails, note } from './cells.ts';
import { bySeverity, datasetFinding, Findings, type Problem } from './findings.ts';
import { type ColumnKinds, mappedKinds } from './kinds.ts';
import { applyMapping } from './mapping.ts';
import type { MethodRules, Shape } from './methods/method.ts';
import type { MethodReport } from './report.ts';
import { type Row, type SeenRow, UNSEEN } from './rows.ts';
import { TokenCounter } from './tokens.ts';
import { isTrainable } from './trainable.ts';
import { isMixed, merge, type Type, typeOf } from './types.ts';

const CUT = note('cells_cut', 'The dataset viewer shows only a part of a long cell: these rows were not checked.');

const NOT_TRAINABLE = fails('not_trainable', 'Has not what training needs.');

const leftOut = (finding: Finding): Finding => ({ ...finding, kind: 'drops' });

/** What is known of a dataset's columns before its rows are judged. */
export interface Columns {
  kinds: ColumnKinds;
  /** Those that hold values of several types somewhere. */
  mixed: readonly string[];
}

/** One method's view of the rows, as they are or under a mapping, row by row in constant memory. */
export class Analysis {
  readonly tokens = new TokenCounter();
  readonly #findings = new Findings();
  /** Why rows can't train, one reason a row, so that the counts add up. */
  readonly #refused = new Findings();
  readonly #kinds: ColumnKinds;
  readonly #columns: ReturnType<MethodRules['shape']>;
  readonly #asides: readonly Problem[];
  #rows = 0;
  #untrainable = 0;
  #failing = 0;
  #harmful = 0;
  #lossy = false;
  #mixed = false;
  /** Types so far of the columns that are of mixed types in the dataset. */
  readonly #types = new Map<string, Type>();

  constructor(
    readonly rules: MethodRules,
    { kinds, mixed }: Columns,
    readonly mapping: Mapping | null,
    private readonly mustBeEmpty: readonly string[] = [],
  ) {
    this.#kinds = mapping ? mappedKinds(kinds, mapping) : kinds;
    this.#columns = rules.shape(this.#kinds);
    this.#asides = 'shape' in this.#columns ? rules.asides(this.#kinds, this.#columns.shape) : [];
    const pairs = mapping?.columns ?? mixed.map((name) => ({ to: name, from: name }));
    for (const { to, from } of pairs) if (mixed.includes(from)) this.#types.set(to, typeOf(null));
  }

  add({ index, row, stands_for = 1 }: SeenRow): void {
    this.#rows += 1;
    if ('problem' in this.#columns || this.#lossy) return;
    if (this.mustBeEmpty.some((name) => !isEmpty(row[name]))) {
      this.#lossy = true;
      return;
    }
    const { shape } = this.#columns;
    const seen = this.mapping ? applyMapping(row, this.mapping) : row;
    if (this.#isCut(seen)) {
      this.#findings.add(CUT, index);
      return;
    }
    const problems = this.rules.problems(seen, shape);
    const failing = problems.find(({ kind }) => kind === 'fails');
    const harmful = problems.find(({ kind }) => kind === 'harms');
    if (failing) this.#failing += 1;
    else this.#compareTypes(seen, index);
    if (harmful) this.#harmful += 1;
    if (failing || !isTrainable(shape.format, shape.conversational, seen)) {
      this.#untrainable += 1;
      this.#refused.add(failing ?? harmful ?? NOT_TRAINABLE, index);
      return;
    }
    for (const problem of problems) this.#findings.add(problem, index);
    this.tokens.addCharacters(this.rules.characters(seen, shape), stands_for);
  }

  /** Whether some rows train. Cut cells count as training: their columns fit. */
  get usable(): boolean {
    return 'shape' in this.#columns && !this.#lossy && !this.#mixed && this.#untrainable < this.#rows;
  }

  /** Whether TRL trains on something else than it seems because of the columns, or in half of the rows or more. */
  get harmful(): boolean {
    return 2 * this.#harmful >= this.#rows || this.#asides.some(({ kind }) => kind === 'harms');
  }

  /** Whether columns that the mapping leaves out hold a part of the text. */
  get lossy(): boolean {
    return this.#lossy;
  }

  /** What the rows are, where the columns do. */
  get shape(): Shape | null {
    return 'shape' in this.#columns ? this.#columns.shape : null;
  }

  get invalidShare(): number {
    return this.#untrainable / this.#rows;
  }

  report(dropInvalid: boolean): MethodReport {
    if ('problem' in this.#columns) {
      return {
        verdict: 'INCOMPATIBLE',
        findings: [datasetFinding(this.#columns.problem, this.#rows)],
        invalid_rows: this.#rows,
      };
    }
    const { shape } = this.#columns;
    const asides = this.#asides.map((problem) => datasetFinding(problem, this.#rows));
    const refused = this.#refused.list();
    const ready = this.usable && (dropInvalid || this.#failing === 0);
    return {
      verdict: ready ? 'READY' : 'INCOMPATIBLE',
      findings: [...(dropInvalid && ready ? refused.map(leftOut) : refused), ...this.#findings.list(), ...asides].sort(
        bySeverity,
      ),
      ...(ready ? shape : {}),
      ...(this.mapping ? { mapping: this.mapping } : {}),
      invalid_rows: this.#untrainable,
    };
  }

  /** A column of the table that trains has one type; rows that can be left out have been left out before. */
  #compareTypes(row: Row, index: number): void {
    for (const [name, known] of this.#types) {
      if (isMixed(known)) continue;
      const type = merge(known, typeOf(row[name]));
      this.#types.set(name, type);
      if (!isMixed(type)) continue;
      this.#mixed = true;
      this.#findings.add(mixedTypes(name), index);
    }
  }

  #isCut(row: Row): boolean {
    return Object.keys(row).some((name) => row[name] === UNSEEN && USED.has(name));
  }
}

function mixedTypes(column: string): Problem {
  return fails(
    'mixed_types',
    `\`${preview(column, 40)}\` has another type here than in the rows before, and a column has one: training stops. Make all values of one type, or map only the columns that train.`,
  );
}

/** Columns that some trainer reads. */
const USED = new Set([
  'text',
  'messages',
  'prompt',
  'completion',
  'chosen',
  'rejected',
  'label',
  'tools',
  'chat_template_kwargs',
]);

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
