import { TrainerError } from '../../errors.ts';
import { type Checked, type CheckOptions, emptyDataset, type MakeTrials, stoppedNote } from '../checked.ts';
import { columnKinds } from '../kinds.ts';
import type { FileSplit, Row, SeenRow } from '../rows.ts';
import { type TableColumns, tableColumns } from '../table-columns.ts';
import type { MethodTrial } from '../trial.ts';
import { declaredBy, sameToTrials } from './columns.ts';
import { headOf, seenRows } from './head.ts';
import { type OpenPart, openParts } from './open.ts';
import { type Passed, passOver } from './pass.ts';
import type { Assignment } from './piece.ts';
import { sampleFiles } from './spread.ts';
import { startCrew } from './start-crew.ts';

/** Every row of the files through every method. Throws TrainerError `data` (no rows, broken file), `usage`, `network`. */
export async function checkFiles(split: FileSplit, makeTrials: MakeTrials, options: CheckOptions): Promise<Checked> {
  const abandon = new AbortController();
  const fingerprint = split.fingerprint?.(abandon.signal) ?? Promise.resolve(null);
  fingerprint.catch(() => undefined); // thrown where it is awaited
  try {
    const { stopped, ...checked } = await new FileCheck(split, makeTrials, options).run();
    if (stopped) return checked;
    return { ...checked, source: { ...checked.source, fingerprint: await fingerprint } };
  } finally {
    abandon.abort();
    await fingerprint.catch(() => undefined);
    await split.close();
  }
}

/** What judges the rows: made of the columns, as far as they are known. */
interface Judges {
  table: TableColumns;
  head: readonly SeenRow[];
  /** Null where a guess of the columns lacks one that the mapping names: it may come later. */
  trials: readonly MethodTrial[] | null;
}

class FileCheck {
  readonly #notes: string[] = [];

  constructor(
    private readonly split: FileSplit,
    private readonly makeTrials: MakeTrials,
    private readonly options: CheckOptions,
  ) {}

  async run(): Promise<Checked & { stopped: boolean }> {
    const { facts } = this.split;
    const parts = await openParts(this.split.parts);
    const files = parts.map(({ readable }) => readable);
    const declared = declaredBy(files);
    const { rows, types } = await headOf(files);
    if (rows.length === 0) throw emptyDataset(facts);
    // Where the files don't say what columns there are, the first rows mostly do; what they miss shows at the end.
    let judges = this.#judges(tableColumns(declared?.columns ?? types), rows, declared !== null);
    let passed = await this.#pass(parts, judges, declared?.rows ?? null);
    if (!declared && !passed.stopped) {
      const table = tableColumns(passed.types);
      if (judges.trials && sameToTrials(judges.table, table, rows)) judges = { ...judges, table };
      else {
        judges = this.#judges(table, rows, true);
        passed = await this.#pass(parts, judges, passed.rows);
      }
    }
    if (passed.rows === 0) throw this.options.stop?.reason ?? emptyDataset(facts);
    const { table, head, trials } = judges;
    await this.#sample(parts, judges, passed);
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
    return { source, trials: trials ?? [], seen: passed.rows, head, stopped: passed.stopped };
  }

  #judges(table: TableColumns, rows: readonly Row[], sure: boolean): Judges {
    const head = seenRows(rows, table.names);
    try {
      return { table, head, trials: this.makeTrials(table.columns, table.mixed, head) };
    } catch (error) {
      if (sure || !(error instanceof TrainerError) || error.code !== 'unknown_column') throw error;
      return { table, head, trials: null };
    }
  }

  async #pass(parts: readonly OpenPart[], judges: Judges, total: number | null): Promise<Passed> {
    const { signal, stop, progress, threads } = this.options;
    const analyses = (judges.trials ?? []).flatMap((trial) => trial.analyses);
    const assignment = this.#assignment(parts, judges);
    const sizes = parts.reduce((sum, { file }) => sum + file.byteLength, 0);
    let rows = 0;
    let bytes = 0;
    const tell = (): void =>
      progress?.({ rows, rows_total: total, share: total === null ? bytes / sizes : rows / total });
    const { crew, note } = await startCrew(threads, parts, assignment, (more) => {
      rows += more;
      tell();
    });
    if (note && !this.#notes.includes(note)) this.#notes.push(note);
    const ends = AbortSignal.any([stop, signal].filter((each) => each !== undefined));
    const files = parts.map(({ readable }) => readable);
    try {
      const passed = await passOver(files, assignment.read, crew, analyses, ends, (more) => {
        bytes += more;
        tell();
      });
      if (!stop?.aborted) signal?.throwIfAborted();
      return passed;
    } finally {
      await crew.close();
    }
  }

  #assignment(parts: readonly OpenPart[], { table, head, trials }: Judges): Assignment {
    const { names, columns, mixed } = table;
    const { templates, pictures } = this.options;
    const rows = head.map(({ row }) => row);
    const analyses = (trials ?? []).flatMap((trial) => trial.analyses);
    return {
      columns: { kinds: columnKinds(columns, rows), mixed, head: rows, templates, pictures },
      analyses: analyses.map(({ rules, mapping, mustBeEmpty }) => ({ method: rules.method, mapping, mustBeEmpty })),
      names,
      read: names.filter((name) => analyses.some((analysis) => analysis.reads(names).includes(name))),
      survey: parts.some(({ readable }) => readable.declared === null),
    };
  }

  /** After a stop nothing more is read. */
  async #sample(parts: readonly OpenPart[], { table, head }: Judges, { stopped }: Passed): Promise<void> {
    const { sample } = this.options;
    if (!sample) return;
    if (!stopped)
      return sampleFiles(
        parts.map(({ readable }) => readable),
        table.names,
        sample,
      );
    for (const row of head) sample.add(row);
    sample.incomplete();
  }
}
