import type { Mapping } from '../plan/mapping.ts';
import { preview } from '../printable.ts';
import { fails, type Problem } from './findings.ts';
import type { Row } from './rows.ts';
import { fits, isMixed, merge, type Type, typeOf } from './types.ts';

/** Where a column's type changed, and the type of the cell there. */
export interface TypeAt {
  row: number;
  type: Type;
}

/** By column. */
export type TypeChanges = ReadonlyMap<string, readonly TypeAt[]>;

type Report = (problem: Problem, row: number) => void;

/** A column of the table that trains has one type. Follows those that are of several types in the dataset. */
export class ColumnTypes {
  readonly #types = new Map<string, Type>();
  readonly #changes = new Map<string, TypeAt[]>();
  /** Whether a column turned out to be mixed. */
  mixed = false;

  /** `report` is told of the first row whose type doesn't go with those before. */
  constructor(
    mixed: readonly string[],
    mapping: Mapping | null,
    private readonly report: Report,
  ) {
    for (const { to, from } of mapping?.columns ?? mixed.map((name) => ({ to: name, from: name }))) {
      // What an expression makes may be of several types although its columns are not.
      if (typeof from !== 'string' || mixed.includes(from)) this.#types.set(to, typeOf(null));
    }
  }

  follows(name: string): boolean {
    return this.#types.has(name);
  }

  add(row: Row, index: number): void {
    for (const [name, known] of this.#types) {
      if (!fits(known, row[name])) this.#compare(name, typeOf(row[name]), index);
    }
  }

  get changes(): TypeChanges {
    return this.#changes;
  }

  merge(changes: TypeChanges, offset: number): void {
    for (const [name, each] of changes) {
      for (const { row, type } of each) this.#compare(name, type, row + offset);
    }
  }

  #compare(name: string, type: Type, row: number): void {
    const known = this.#types.get(name);
    if (!known || isMixed(known)) return;
    const merged = merge(known, type);
    if (merged === known) return;
    this.#types.set(name, merged);
    this.#changes.set(name, [...(this.#changes.get(name) ?? []), { row, type }]);
    if (!isMixed(merged)) return;
    this.mixed = true;
    this.report(mixedTypes(name), row);
  }
}

export const MIXED_TYPES = 'mixed_types';

function mixedTypes(column: string): Problem {
  return fails(
    MIXED_TYPES,
    `\`${preview(column, 40)}\` has another type here than in the rows before, and a column has one: training stops. Make all values of one type, or map only the columns that train.`,
    'load',
  );
}
