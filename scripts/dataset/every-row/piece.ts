import type { Mapping } from '../../plan/mapping.ts';
import type { Method } from '../../plan/methods.ts';
import { Analysis, type AnalysisState, type Columns } from '../analysis.ts';
import type { Piece, Readable } from '../local/reader.ts';
import { METHOD_RULES } from '../methods/table.ts';
import { addTypes, completed } from '../table-columns.ts';
import { merge, type Type } from '../types.ts';

/** What is to be done with every piece, as plain data: threads share no memory. */
export interface Assignment {
  columns: Columns;
  analyses: readonly { method: Method; mapping: Mapping | null; mustBeEmpty: readonly string[] }[];
  /** Columns that a row has, null where it lacks them. */
  names: readonly string[];
  /** Columns to read, where the file can leave others out. */
  read: readonly string[];
  /** Infer the types of the columns, which the files don't say. */
  survey: boolean;
}

export interface Task {
  /** Number of the file. */
  file: number;
  piece: Piece;
}

/** What one piece held; rows are numbered from 0 in it. */
export interface Outcome {
  rows: number;
  /** Not read to its end: it was to stop. */
  stopped: boolean;
  states: AnalysisState[];
  /** Types of the columns, in the order in which they appeared. */
  types: ReadonlyMap<string, Type>;
}

export interface Watch {
  /** Called with the rows of each batch. */
  seen(rows: number): void;
  stopped(): boolean;
}

function analysesOf({ analyses, columns }: Assignment): Analysis[] {
  return analyses.map(({ method, mapping, mustBeEmpty }) => {
    const rules = METHOD_RULES.find((each) => each.method === method);
    if (!rules) throw new Error(`no rules for the method ${method}`);
    return new Analysis(rules, columns, mapping, mustBeEmpty);
  });
}

/** Every row of a piece through every analysis. Throws TrainerError `data` where the file is broken. */
export async function checkPiece(
  readable: Readable,
  piece: Piece,
  assignment: Assignment,
  watch: Watch,
): Promise<Outcome> {
  const { names, read, survey } = assignment;
  const analyses = analysesOf(assignment);
  const types = new Map<string, Type>();
  let index = 0;
  let stopped = watch.stopped();
  try {
    if (!stopped) {
      for await (const batch of readable.batches(piece, read)) {
        for (const part of batch) {
          if (survey) addTypes(types, part);
          const row = completed(part, names);
          for (const analysis of analyses) analysis.add({ index, row });
          index += 1;
        }
        watch.seen(batch.length);
        stopped = watch.stopped();
        if (stopped) break;
      }
    }
  } catch (error) {
    // A download that was cut off because of the stop is none to report.
    if (!watch.stopped()) throw error;
    stopped = true;
  }
  return { rows: index, stopped, states: analyses.map((analysis) => analysis.state()), types };
}

export function mergeTypes(types: Map<string, Type>, more: ReadonlyMap<string, Type>): void {
  for (const [name, type] of more) {
    const known = types.get(name);
    types.set(name, known ? merge(known, type) : type);
  }
}
