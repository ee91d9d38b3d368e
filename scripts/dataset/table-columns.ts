import type { ColumnTypes } from './local/reader.ts';
import type { Column } from './report.ts';
import type { Row } from './rows.ts';
import { fits, isMixed, merge, type Type, typeName, typeOf } from './types.ts';

/** The columns of a split's files: what the report shows of them. */
export interface TableColumns {
  columns: Column[];
  mixed: string[];
  names: string[];
}

export function tableColumns(types: ColumnTypes): TableColumns {
  return {
    columns: [...types].map(([name, type]) => ({ name, type: typeof type === 'string' ? type : typeName(type) })),
    mixed: [...types].filter(([, type]) => typeof type !== 'string' && isMixed(type)).map(([name]) => name),
    names: [...types.keys()],
  };
}

export function addTypes(types: Map<string, Type>, row: Row): void {
  for (const name of Object.keys(row)) {
    const known = types.get(name);
    if (known && fits(known, row[name])) continue;
    const type = typeOf(row[name]);
    types.set(name, known ? merge(known, type) : type);
  }
}

/** A key that a row lacks is a null in the column. */
export function completed(row: Row, names: readonly string[]): Row {
  for (const name of names) {
    if (!Object.hasOwn(row, name)) {
      return Object.fromEntries(names.map((each) => [each, Object.hasOwn(row, each) ? row[each] : null]));
    }
  }
  return row;
}
