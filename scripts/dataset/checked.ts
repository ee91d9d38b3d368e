import { TrainerError } from '../errors.ts';
import { grouped, preview } from '../printable.ts';
import type { Threads } from './every-row/threads.ts';
import type { PictureRules } from './pictures/rules.ts';
import type { Column } from './report.ts';
import type { RowSource, SeenRow } from './rows.ts';
import type { ModelTemplates } from './tokenizer/model-text.ts';
import type { RowSample } from './tokenizer/row-sample.ts';
import type { MethodTrial } from './trial.ts';

/** Rows that decide what the columns are and which mappings are worth trying. */
export const HEAD = 50;

/** What a check of rows gives, a sample's or every row's. */
export interface Checked {
  source: Omit<RowSource, 'rows' | 'mixed'>;
  trials: readonly MethodTrial[];
  seen: number;
  /** The first rows, as the data have them. */
  head: readonly SeenRow[];
}

/** The trials of all methods asked for. Throws TrainerError `usage`: the mapping names a column that isn't there. */
export type MakeTrials = (
  columns: readonly Column[],
  mixed: readonly string[],
  head: readonly SeenRow[],
) => readonly MethodTrial[];

export interface Progress {
  rows: number;
  rows_total: number | null;
  /** Of the work that is done, 0 to 1; null where that is not known. */
  share: number | null;
}

/** What a check of rows is told besides. */
export interface CheckOptions {
  /** Ends it with an error. */
  signal?: AbortSignal | undefined;
  /** Ends it with what was seen until then. */
  stop?: AbortSignal | undefined;
  threads?: Threads | undefined;
  /** Of the model that is to learn from the rows. */
  templates?: ModelTemplates | undefined;
  /** How its processor reads pictures. */
  pictures?: PictureRules | undefined;
  /** Where rows from all over are to be kept. */
  sample?: RowSample | undefined;
  progress?: ((now: Progress) => void) | undefined;
}

export function stoppedNote(rows: number, total: number | null): string {
  const of = total === null ? '' : ` of ${grouped(total)}`;
  return `Stopped by you after ${grouped(rows)}${of} rows: the rest was not checked.`;
}

export function emptyDataset({ dataset, split }: Pick<RowSource, 'dataset' | 'split'>): TrainerError {
  return new TrainerError(
    'data',
    'empty_dataset',
    `${preview(dataset, 200)}, split ${preview(split)}, has no rows`,
    'Choose another split with --split, or other data.',
  );
}
