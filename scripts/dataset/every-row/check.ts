import { errorMessage, TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { type Checked, emptyDataset, HEAD, type MakeTrials, type Progress } from '../check-sample.ts';
import { columnKinds } from '../kinds.ts';
import type { Readable } from '../local/reader.ts';
import { kindOf } from '../local/readers.ts';
import type { FileSplit, SeenRow } from '../rows.ts';
import type { ModelTemplates } from '../tokenizer/model-text.ts';
import type { RowSample } from '../tokenizer/row-sample.ts';
import type { MethodTrial } from '../trial.ts';
import type { Type } from '../types.ts';
import { declaredBy, sameToTrials, type TableColumns, tableColumns } from './columns.ts';
import type { Crew } from './crew.ts';
import { checkHere } from './here.ts';
import { type Passed, passOver } from './pass.ts';
import { type Assignment, addTypes, completed } from './piece.ts';
import { sampleFiles } from './spread.ts';
import { checkInThreads, type Threads } from './threads.ts';

/** Less than this is checked before a thread has started. */
const WORTH_THREADS = 32 << 20;

export interface CheckOptions {
  /** Ends it with an error. */
  signal?: AbortSignal | undefined;
  /** Ends it with what was seen until then. */
  stop?: AbortSignal | undefined;
  threads?: Threads | undefined;
  /** Of the model that is to learn from the rows. */
  templates?: ModelTemplates | undefined;
  /** Where rows from all over are to be kept. */
  sample?: RowSample | undefined;
  progress?: ((now: Progress) => void) | undefined;
}

/** Every row of the files through every method. Throws TrainerError `data` (no rows, broken file), `usage`, `network`. */
export async function checkFiles(split: FileSplit, makeTrials: MakeTrials, options: CheckOptions): Promise<Checked> {
  const abandon = new AbortController();
  const fingerprint = split.fingerprint?.(abandon.signal) ?? Promise.resolve(null);
  fingerprint.catch(() => undefined); // thrown where it is awaited
  try {
    const check = new FileCheck(split, makeTrials, options);
    const { passed, ...checked } = await check.run();
    if (passed.stopped) abandon.abort();
    return {
      ...checked,
      source: { ...checked.source, fingerprint: passed.stopped ? null : await fingerprint },
    };
  } finally {
    abandon.abort();
    await fingerprint.catch(() => undefined);
    await split.close();
  }
}

class FileCheck {
  readonly #notes: string[] = [];

  constructor(
    private readonly split: FileSplit,
    private readonly makeTrials: MakeTrials,
    private readonly options: CheckOptions,
  ) {}

  async run(): Promise<Checked & { passed: Passed }> {
    const { facts, parts } = this.split;
    const files = await Promise.all(parts.map(({ file }) => this.#open(file)));
    const declared = declaredBy(files);
    const { rows, types } = await headOf(files);
    if (rows.length === 0) throw emptyDataset(facts);
    // Where the files don't say what columns there are, the first rows mostly do; what they miss shows at the end.
    let table = tableColumns(declared?.columns ?? types);
    let head = seenRows(rows, table.names);
    let trials = this.#trials(table, head, declared !== null);
    let passed = await this.#pass(files, table, head, trials ?? [], declared?.rows ?? null);
    if (!declared && !passed.stopped) {
      const found = tableColumns(passed.types);
      const same = trials !== null && sameToTrials(table, found, rows);
      table = found;
      if (!same) {
        head = seenRows(rows, table.names);
        trials = this.#trials(table, head, true);
        passed = await this.#pass(files, table, head, trials ?? [], passed.rows);
      }
    }
    if (passed.rows === 0) throw this.options.stop?.reason ?? emptyDataset(facts);
    await this.#sample(files, table.names, head, passed);
    const total = declared?.rows ?? (passed.stopped ? null : passed.rows);
    if (passed.stopped) this.#notes.push(stoppedNote(passed.rows, total));
    const source = {
      ...facts,
      fingerprint: null,
      columns: table.columns,
      rows_total: total,
      splits: facts.splits.map((each) => (each.name === facts.split ? { ...each, rows: total ?? each.rows } : each)),
      notes: [...facts.notes, ...this.#notes],
    };
    return { source, trials: trials ?? [], seen: passed.rows, head, passed };
  }

  #open(file: FileSplit['parts'][number]['file']): Promise<Readable> {
    const kind = kindOf(file.name);
    if (kind) return kind.reader.open(file);
    throw new TrainerError(
      'data',
      'unknown_file',
      `${preview(file.name, 200)} is not a data file that can be read`,
      'Files of the kinds .jsonl, .json, .csv and .parquet can be.',
    );
  }

  /** After a stop nothing more is read. */
  async #sample(
    files: readonly Readable[],
    names: readonly string[],
    head: readonly SeenRow[],
    { stopped }: Passed,
  ): Promise<void> {
    const { sample } = this.options;
    if (!sample) return;
    if (!stopped) return sampleFiles(files, names, sample);
    for (const row of head) sample.add(row);
    sample.incomplete();
  }

  /** Null where a guess of the columns lacks one that the mapping names: it may come later. */
  #trials(table: TableColumns, head: readonly SeenRow[], sure: boolean): readonly MethodTrial[] | null {
    try {
      return this.makeTrials(table.columns, table.mixed, head);
    } catch (error) {
      if (sure || !(error instanceof TrainerError) || error.code !== 'unknown_column') throw error;
      return null;
    }
  }

  async #pass(
    files: readonly Readable[],
    table: TableColumns,
    head: readonly SeenRow[],
    trials: readonly MethodTrial[],
    total: number | null,
  ): Promise<Passed> {
    const { signal, stop, progress } = this.options;
    const analyses = trials.flatMap((trial) => trial.analyses);
    const { names, columns, mixed } = table;
    const headRows = head.map(({ row }) => row);
    const assignment: Assignment = {
      columns: { kinds: columnKinds(columns, headRows), mixed, head: headRows, templates: this.options.templates },
      analyses: analyses.map(({ rules, mapping, mustBeEmpty }) => ({ method: rules.method, mapping, mustBeEmpty })),
      names,
      read: names.filter((name) => analyses.some((analysis) => analysis.reads(names).includes(name))),
      survey: files.some(({ declared }) => declared === null),
    };
    let rows = 0;
    let share: number | null = total === null ? 0 : null;
    const tell = (): void => progress?.({ rows, rows_total: total, share: total ? rows / total : share });
    const crew = await this.#crew(files, assignment, (more) => {
      rows += more;
      tell();
    });
    const ends = [stop, signal].filter((each) => each !== undefined);
    const sizes = this.split.parts.reduce((sum, { file }) => sum + file.byteLength, 0);
    try {
      const passed = await passOver(files, assignment.read, crew, analyses, AbortSignal.any(ends), (bytes) => {
        if (share !== null) share += bytes / sizes;
        tell();
      });
      if (!stop?.aborted) signal?.throwIfAborted();
      return passed;
    } finally {
      await crew.close();
    }
  }

  async #crew(files: readonly Readable[], assignment: Assignment, seen: (rows: number) => void): Promise<Crew> {
    const { parts } = this.split;
    const { threads } = this.options;
    const bytes = parts.reduce((sum, { file }) => sum + file.byteLength, 0);
    if (!threads || threads.count < 2 || bytes < (threads.from ?? WORTH_THREADS))
      return checkHere(files, assignment, seen);
    try {
      return await checkInThreads(threads, parts, assignment, seen);
    } catch (error) {
      this.#notes.push(`Checked in one thread: others could not be started (${preview(errorMessage(error), 120)}).`);
      return checkHere(files, assignment, seen);
    }
  }
}

/** The first rows, with all their columns, and the types in them. */
async function headOf(files: readonly Readable[]): Promise<{ rows: SeenRow['row'][]; types: Map<string, Type> }> {
  const rows: SeenRow['row'][] = [];
  const types = new Map<string, Type>();
  for (const file of files) {
    for await (const batch of file.all()) {
      for (const row of batch.slice(0, HEAD - rows.length)) {
        rows.push(row);
        addTypes(types, row);
      }
      if (rows.length === HEAD) return { rows, types };
    }
  }
  return { rows, types };
}

const seenRows = (rows: readonly SeenRow['row'][], names: readonly string[]): SeenRow[] =>
  rows.map((row, index) => ({ index, row: completed(row, names) }));

function stoppedNote(rows: number, total: number | null): string {
  const of = total === null ? '' : ` of ${total.toLocaleString('en')}`;
  return `Stopped by you after ${rows.toLocaleString('en')}${of} rows: the rest was not checked.`;
}
