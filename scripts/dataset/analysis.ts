import type { Mapping } from '../plan/mapping.ts';
import type { Finding } from '../plan/schema.ts';
import { sourceColumns } from '../plan/value.ts';
import { ColumnTypes, MIXED_TYPES, type TypeChanges } from './column-types.ts';
import { bySeverity, datasetFinding, Findings, harms, note, type Problem, worthSaying } from './findings.ts';
import { afterFirstRow } from './first-row.ts';
import { judgedRow } from './judged-row.ts';
import { type ColumnKinds, mappedKinds } from './kinds.ts';
import { applyMapping } from './mapping.ts';
import type { MethodRules, Shape } from './methods/method.ts';
import { blindProblem, picturesOf } from './methods/pictures.ts';
import { PictureCounter, type PictureState } from './pictures/counter.ts';
import type { PictureRules } from './pictures/rules.ts';
import type { MethodReport } from './report.ts';
import type { Row, SeenRow } from './rows.ts';
import { inOrder } from './stage-order.ts';
import type { ModelTemplates } from './tokenizer/model-text.ts';
import { RowChecks } from './tokenizer/row-checks.ts';
import { TokenCounter } from './tokens.ts';
import { isTrainable } from './trainable.ts';
import { asInTable, isCut, USED } from './used-columns.ts';

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
  /** How its processor reads pictures. */
  pictures?: PictureRules | undefined;
}

/** Rows. */
interface Counts {
  seen: number;
  untrainable: number;
  failing: number;
  harmful: number;
  fruitless: number;
  /** Those that the model's chat template refuses: they can't be left out. */
  unrenderable: number;
}

/** What an analysis has found, as plain data. */
export interface AnalysisState {
  counts: Counts;
  lossy: boolean;
  findings: Finding[];
  refused: Finding[];
  tokens: ReadonlyMap<number, number>;
  pictures: PictureState;
  types: TypeChanges;
}

const COUNTS = ['seen', 'untrainable', 'failing', 'harmful', 'fruitless', 'unrenderable'] as const;

/** One method's view of the rows, as they are or under a mapping, row by row in constant memory. */
export class Analysis {
  readonly tokens = new TokenCounter();
  readonly pictures: PictureCounter;
  readonly #findings = new Findings();
  /** Why rows can't train, one reason a row, so that the counts add up. */
  readonly #refused = new Findings();
  readonly #kinds: ColumnKinds;
  readonly #read: readonly string[];
  readonly #types: ColumnTypes;
  readonly #first: Row | undefined;
  readonly #columns: ReturnType<MethodRules['shape']>;
  readonly #asides: readonly Problem[];
  /** Whether the columns make it train on something else than it seems. */
  readonly #oddColumns: boolean;
  readonly #checks: RowChecks | null;
  readonly #rendered: boolean;
  readonly #counts: Counts = { seen: 0, untrainable: 0, failing: 0, harmful: 0, fruitless: 0, unrenderable: 0 };
  #lossy = false;

  constructor(
    readonly rules: MethodRules,
    { kinds, mixed, head, templates, pictures }: Columns,
    readonly mapping: Mapping | null,
    readonly mustBeEmpty: readonly string[] = [],
  ) {
    this.pictures = new PictureCounter(pictures ?? null);
    this.#kinds = mapping ? mappedKinds(kinds, mapping, head) : kinds;
    this.#read = [...this.#kinds.keys()].filter((name) => USED.has(name));
    this.#columns = shapeFor(rules, this.#kinds, templates);
    this.#first = mapping ? undefined : head[0];
    this.#rendered = templates !== undefined;
    this.#checks =
      templates && 'shape' in this.#columns ? new RowChecks(templates, rules.method, this.#columns.shape) : null;
    const asides = 'shape' in this.#columns ? rules.asides(this.#kinds, this.#columns.shape) : [];
    this.#oddColumns = asides.some(({ kind }) => kind === 'harms');
    this.#asides = [...asides, ...(this.#checks?.asides() ?? [])];
    this.#types = new ColumnTypes(mixed, mapping, (problem, row) => this.#findings.add(problem, row));
  }

  add({ index, row, stands_for = 1 }: SeenRow): void {
    this.#counts.seen += 1;
    if ('problem' in this.#columns || this.#lossy) return;
    if (this.mustBeEmpty.some((name) => !isEmpty(row[name]))) {
      this.#lossy = true;
      return;
    }
    const { shape } = this.#columns;
    const table = this.mapping ? applyMapping(row, this.mapping) : asInTable(row, this.#read);
    const seen = this.rules.read?.(table) ?? table;
    if (isCut(seen)) {
      this.#findings.add(CUT, index);
      return;
    }
    const { problems, failing, refused, harmful } = judgedRow(this.rules, shape, this.#checks, seen);
    if (failing || refused) this.#counts.failing += 1;
    // Rows that can be left out have no say.
    if (!failing) this.#types.add(seen, index);
    if (harmful) this.#counts.harmful += 1;
    if (problems.some(({ fruitless }) => fruitless)) this.#counts.fruitless += 1;
    const trainable = isTrainable(shape.format, shape.conversational, seen);
    if (failing && trainable) this.#counts.unrenderable += 1;
    if (failing || !trainable) {
      this.#counts.untrainable += 1;
      this.#refused.add(failing ?? harmful ?? NOT_TRAINABLE, index);
      return;
    }
    for (const problem of problems) this.#findings.add(problem, index);
    if (refused) this.#counts.unrenderable += 1;
    const characters = this.rules.characters(seen, shape);
    this.tokens.addCharacters(characters, stands_for);
    if (!shape.vision) return;
    this.pictures.add(picturesOf(seen), characters, shape.format === 'preference' ? 2 : 1, stands_for);
  }

  /** Whether TRL trains with all rows as they are. */
  get #trainsWhole(): boolean {
    return this.#counts.failing === 0 && this.#counts.unrenderable === 0 && this.#counts.fruitless < this.#counts.seen;
  }

  /** Whether some rows train. Cut cells count as training: their columns fit. */
  get usable(): boolean {
    return (
      'shape' in this.#columns &&
      !this.#lossy &&
      !this.#types.mixed &&
      this.#counts.unrenderable === 0 &&
      this.#counts.untrainable < this.#counts.seen
    );
  }

  /** Whether TRL trains on something else than it seems because of the columns, or in half of the rows or more. */
  get harmful(): boolean {
    return 2 * this.#counts.harmful >= this.#counts.seen || this.#oddColumns;
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
    return this.#counts.untrainable / this.#counts.seen;
  }

  /** Columns of the dataset that decide; the others are not looked at. Of all names, those that it might read. */
  reads(names: readonly string[]): string[] {
    if ('problem' in this.#columns) return [];
    const read = this.mapping
      ? new Set([...this.mapping.columns.flatMap(({ from }) => sourceColumns(from)), ...this.mustBeEmpty])
      : USED;
    return names.filter((name) => read.has(name) || (!this.mapping && this.#types.follows(name)));
  }

  report(dropInvalid: boolean): MethodReport {
    if ('problem' in this.#columns) {
      return {
        verdict: 'INCOMPATIBLE',
        findings: [
          datasetFinding(afterFirstRow(this.#columns.problem, this.#first, this.#rendered), this.#counts.seen),
        ],
        ...(this.mapping ? { mapping: this.mapping } : {}),
        invalid_rows: this.#counts.seen,
      };
    }
    const { shape } = this.#columns;
    const asides = this.#asides.map((problem) => datasetFinding(problem, this.#counts.seen));
    const refused = this.#refused.list();
    const ready = dropInvalid ? this.usable : !this.#lossy && !this.#types.mixed && this.#trainsWhole;
    const useless =
      !ready &&
      this.#counts.failing === 0 &&
      this.#counts.fruitless > 0 &&
      this.#counts.fruitless === this.#counts.seen;
    const found = [
      ...this.#findings.list(),
      ...asides,
      ...(useless ? [datasetFinding(NOTHING_LEARNED, this.#counts.seen)] : []),
    ];
    return {
      verdict: ready ? 'READY' : 'INCOMPATIBLE',
      findings: [...(dropInvalid && ready ? refused.map(leftOut) : refused), ...found]
        .filter((finding) => worthSaying(finding, this.#counts.seen))
        .map(inOrder(shape))
        .sort(bySeverity),
      ...(ready ? shape : {}),
      ...(ready && this.harmful ? { harmful: true } : {}),
      ...(this.mapping ? { mapping: this.mapping } : {}),
      invalid_rows: this.#counts.untrainable,
    };
  }

  /** What was found so far, for an analysis of the same kind to `merge`. */
  state(): AnalysisState {
    return {
      counts: this.#counts,
      lossy: this.#lossy,
      findings: this.#findings.list().filter(({ code }) => code !== MIXED_TYPES),
      refused: this.#refused.list(),
      tokens: this.tokens.state(),
      pictures: this.pictures.state(),
      types: this.#types.changes,
    };
  }

  /** Goes on as if the rows of `state` had been added, its row 0 as row `offset`. */
  merge(state: AnalysisState, offset: number): void {
    for (const name of COUNTS) this.#counts[name] += state.counts[name];
    this.#lossy ||= state.lossy;
    this.#findings.merge(state.findings, offset);
    this.#refused.merge(state.refused, offset);
    this.tokens.merge(state.tokens);
    this.pictures.merge(state.pictures);
    this.#types.merge(state.types, offset);
  }
}

/** What the rows are to the trainer, or why it, or the model, can't use these columns. */
function shapeFor(
  rules: MethodRules,
  kinds: ColumnKinds,
  templates: ModelTemplates | undefined,
): ReturnType<MethodRules['shape']> {
  const found = rules.shape(kinds);
  const problem = templates?.sees === false ? blindProblem(rules.method, kinds) : null;
  // GRPO and RLOO come to the pictures last.
  return problem && (problem.stage === 'init' || 'shape' in found) ? { problem } : found;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
