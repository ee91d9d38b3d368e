import type { Mapping } from '../plan/mapping.ts';
import type { Finding } from '../plan/schema.ts';
import { sourceColumns } from '../plan/value.ts';
import { preview } from '../printable.ts';
import { bySeverity, datasetFinding, Findings, fails, harms, note, type Problem, worthSaying } from './findings.ts';
import { type ColumnKinds, mappedKinds } from './kinds.ts';
import { applyMapping } from './mapping.ts';
import type { MethodRules, Shape } from './methods/method.ts';
import type { MethodReport } from './report.ts';
import { type Row, type SeenRow, UNSEEN } from './rows.ts';
import type { ModelTemplates } from './tokenizer/model-text.ts';
import { RowChecks } from './tokenizer/row-checks.ts';
import { TokenCounter } from './tokens.ts';
import { isTrainable } from './trainable.ts';
import { fits, isMixed, merge, type Type, typeOf } from './types.ts';

const CUT = note('cells_cut', 'The dataset viewer shows only a part of a long cell: these rows were not checked.');

const NOT_TRAINABLE = harms('not_trainable', 'Has not what training needs.');

/** Said beside what makes every single row useless. */
const NOTHING_LEARNED = {
  kind: 'fails',
  code: 'nothing_learned',
  message: 'Every row is like that: nothing is learned.',
} as const;

const leftOut = (finding: Finding): Finding => ({ ...finding, kind: 'drops' });

/** What is known of a dataset's columns before its rows are judged. */
export interface Columns {
  kinds: ColumnKinds;
  /** Those that hold values of several types somewhere. */
  mixed: readonly string[];
  /** The first rows, as they are. */
  head: readonly Row[];
  /** Of the model that is to learn from them, where one was named. */
  templates?: ModelTemplates | undefined;
}

/** What an analysis has found, as plain data. */
export interface AnalysisState {
  rows: number;
  untrainable: number;
  failing: number;
  harmful: number;
  unrenderable: number;
  fruitless: number;
  lossy: boolean;
  findings: Finding[];
  refused: Finding[];
  tokens: ReadonlyMap<number, number>;
  /** By column: the rows at which its type changed, and the type of the cell there. */
  types: ReadonlyMap<string, readonly TypeAt[]>;
}

interface TypeAt {
  row: number;
  type: Type;
}

/** One method's view of the rows, as they are or under a mapping, row by row in constant memory. */
export class Analysis {
  readonly tokens = new TokenCounter();
  readonly #findings = new Findings();
  /** Why rows can't train, one reason a row, so that the counts add up. */
  readonly #refused = new Findings();
  readonly #kinds: ColumnKinds;
  readonly #read: readonly string[];
  readonly #emptyFirst: boolean;
  readonly #columns: ReturnType<MethodRules['shape']>;
  readonly #asides: readonly Problem[];
  readonly #checks: RowChecks | null;
  #rows = 0;
  #untrainable = 0;
  #failing = 0;
  #harmful = 0;
  #fruitless = 0;
  #lossy = false;
  #mixed = false;
  /** Rows that the model's chat template refuses: they can't be left out. */
  #unrenderable = 0;
  /** Types so far of the columns that are of mixed types in the dataset. */
  readonly #types = new Map<string, Type>();
  readonly #changes = new Map<string, TypeAt[]>();

  constructor(
    readonly rules: MethodRules,
    { kinds, mixed, head, templates }: Columns,
    readonly mapping: Mapping | null,
    readonly mustBeEmpty: readonly string[] = [],
  ) {
    this.#kinds = mapping ? mappedKinds(kinds, mapping, head) : kinds;
    this.#read = [...this.#kinds.keys()].filter((name) => USED.has(name));
    this.#columns = rules.shape(this.#kinds);
    this.#emptyFirst = [...kinds.keys()].some((name) => USED.has(name) && isEmptyList(head[0]?.[name]));
    this.#checks =
      templates && 'shape' in this.#columns ? new RowChecks(templates, rules.method, this.#columns.shape) : null;
    this.#asides =
      'shape' in this.#columns
        ? [...rules.asides(this.#kinds, this.#columns.shape), ...(this.#checks?.asides() ?? [])]
        : [];
    const pairs = mapping?.columns ?? mixed.map((name) => ({ to: name, from: name }));
    for (const { to, from } of pairs) {
      // What an expression makes may be of several types although its columns are not.
      if (typeof from !== 'string' || mixed.includes(from)) this.#types.set(to, typeOf(null));
    }
  }

  add({ index, row, stands_for = 1 }: SeenRow): void {
    this.#rows += 1;
    if ('problem' in this.#columns || this.#lossy) return;
    if (this.mustBeEmpty.some((name) => !isEmpty(row[name]))) {
      this.#lossy = true;
      return;
    }
    const { shape } = this.#columns;
    const seen = this.mapping ? applyMapping(row, this.mapping) : this.#asInTable(row);
    if (this.#isCut(seen)) {
      this.#findings.add(CUT, index);
      return;
    }
    const own = this.rules.problems(seen, shape);
    const failing = own.find(({ kind }) => kind === 'fails');
    const rendered = failing ? null : (this.#checks?.problem(seen) ?? null);
    const problems = rendered ? [...own, rendered] : own;
    const refused = rendered?.kind === 'fails';
    const harmful = problems.find(({ kind }) => kind === 'harms' || kind === 'drops');
    if (failing || refused) this.#failing += 1;
    if (!failing) this.#compareTypes(seen, index);
    if (harmful) this.#harmful += 1;
    if (problems.some(({ fruitless }) => fruitless)) this.#fruitless += 1;
    const trainable = isTrainable(shape.format, shape.conversational, seen);
    if (failing && trainable) this.#unrenderable += 1;
    if (failing || !trainable) {
      this.#untrainable += 1;
      this.#refused.add(failing ?? harmful ?? NOT_TRAINABLE, index);
      return;
    }
    for (const problem of problems) this.#findings.add(problem, index);
    if (refused) this.#unrenderable += 1;
    this.tokens.addCharacters(this.rules.characters(seen, shape), stands_for);
  }

  /** Whether TRL trains with all rows as they are. */
  get #trainsWhole(): boolean {
    return this.#failing === 0 && this.#unrenderable === 0 && this.#fruitless < this.#rows;
  }

  /** Whether some rows train. Cut cells count as training: their columns fit. */
  get usable(): boolean {
    return (
      'shape' in this.#columns &&
      !this.#lossy &&
      !this.#mixed &&
      this.#unrenderable === 0 &&
      this.#untrainable < this.#rows
    );
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

  /** Columns of the dataset that decide; the others are not looked at. Of all names, those that it might read. */
  reads(names: readonly string[]): string[] {
    if ('problem' in this.#columns) return [];
    const read = this.mapping
      ? new Set([...this.mapping.columns.flatMap(({ from }) => sourceColumns(from)), ...this.mustBeEmpty])
      : USED;
    return names.filter((name) => read.has(name) || (!this.mapping && this.#types.has(name)));
  }

  report(dropInvalid: boolean): MethodReport {
    if ('problem' in this.#columns) {
      return {
        verdict: 'INCOMPATIBLE',
        findings: [datasetFinding(this.#atFirst(this.#columns.problem), this.#rows)],
        invalid_rows: this.#rows,
      };
    }
    const { shape } = this.#columns;
    const asides = this.#asides.map((problem) => datasetFinding(problem, this.#rows));
    const refused = this.#refused.list();
    const ready = dropInvalid ? this.usable : !this.#lossy && !this.#mixed && this.#trainsWhole;
    const useless = !ready && this.#failing === 0 && this.#fruitless > 0 && this.#fruitless === this.#rows;
    const found = [
      ...this.#findings.list(),
      ...asides,
      ...(useless ? [datasetFinding(NOTHING_LEARNED, this.#rows)] : []),
    ];
    return {
      verdict: ready ? 'READY' : 'INCOMPATIBLE',
      findings: [...(dropInvalid && ready ? refused.map(leftOut) : refused), ...found]
        .filter((finding) => worthSaying(finding, this.#rows))
        .map(inOrder(shape))
        .sort(bySeverity),
      ...(ready ? shape : {}),
      ...(ready && this.harmful ? { harmful: true } : {}),
      ...(this.mapping ? { mapping: this.mapping } : {}),
      invalid_rows: this.#untrainable,
    };
  }

  /** What was found so far, for an analysis of the same kind to `merge`. */
  state(): AnalysisState {
    return {
      rows: this.#rows,
      untrainable: this.#untrainable,
      failing: this.#failing,
      harmful: this.#harmful,
      unrenderable: this.#unrenderable,
      fruitless: this.#fruitless,
      lossy: this.#lossy,
      findings: this.#findings.list().filter(({ code }) => code !== MIXED_TYPES),
      refused: this.#refused.list(),
      tokens: this.tokens.state(),
      types: this.#changes,
    };
  }

  /** Goes on as if the rows of `state` had been added, its row 0 as row `offset`. */
  merge(state: AnalysisState, offset: number): void {
    this.#rows += state.rows;
    this.#untrainable += state.untrainable;
    this.#failing += state.failing;
    this.#harmful += state.harmful;
    this.#unrenderable += state.unrenderable;
    this.#fruitless += state.fruitless;
    this.#lossy ||= state.lossy;
    this.#findings.merge(state.findings, offset);
    this.#refused.merge(state.refused, offset);
    this.tokens.merge(state.tokens);
    for (const [name, changes] of state.types) {
      for (const { row, type } of changes) this.#compareType(name, type, row + offset);
    }
  }

  /** A column of the table that trains has one type; rows that can be left out have been left out before. */
  #compareTypes(row: Row, index: number): void {
    for (const [name, known] of this.#types) {
      if (!fits(known, row[name])) this.#compareType(name, typeOf(row[name]), index);
    }
  }

  #compareType(name: string, type: Type, row: number): void {
    const known = this.#types.get(name);
    if (!known || isMixed(known)) return;
    const merged = merge(known, type);
    if (merged === known) return;
    this.#types.set(name, merged);
    this.#changes.set(name, [...(this.#changes.get(name) ?? []), { row, type }]);
    if (!isMixed(merged)) return;
    this.#mixed = true;
    this.#findings.add(mixedTypes(name), row);
  }

  /** A key that some rows lack is null there in the table that trains. */
  #asInTable(row: Row): Row {
    const lacking = this.#read.filter((name) => !(name in row));
    return lacking.length === 0 ? row : { ...Object.fromEntries(lacking.map((name) => [name, null])), ...row };
  }

  /** TRL looks into the first row before it prepares the rows: at an empty list it stops there, if it looks at that. */
  #atFirst(problem: Problem): Problem {
    if (!this.#emptyFirst || problem.stage === 'init' || problem.error === "KeyError: 'prompt'") return problem;
    const { stage: _, error: __, ...rest } = problem;
    return rest;
  }

  #isCut(row: Row): boolean {
    return Object.keys(row).some((name) => row[name] === UNSEEN && USED.has(name));
  }
}

const MIXED_TYPES = 'mixed_types';

function mixedTypes(column: string): Problem {
  return fails(
    MIXED_TYPES,
    `\`${preview(column, 40)}\` has another type here than in the rows before, and a column has one: training stops. Make all values of one type, or map only the columns that train.`,
    'load',
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
  'margin',
  'image',
  'images',
  'tools',
  'chat_template_kwargs',
]);

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The stage of a finding, seen together with the others and with where the first row is. */
function inOrder({ format }: Shape): (finding: Finding, index: number, all: readonly Finding[]) => Finding {
  return (finding, _, all) => {
    const { stage, ...rest } = finding;
    const first = finding.rows[0] === 0;
    if (first && finding.code === 'broken_picture') return { ...rest, stage: 'init' };
    if (finding.code === 'empty_list' && stage === 'map') {
      // Of several columns TRL looks into any one, another in each process.
      return format !== 'language-modeling' ? rest : first ? { ...rest, stage: 'init' } : finding;
    }
    if (first && finding.code === 'no_shared_prompt') return rest;
    // KTO counts the labels when the rows are prepared: it doesn't come to that where they stop it.
    return stage === 'init' && all.some((each) => each.stage === 'map') ? rest : finding;
  };
}
