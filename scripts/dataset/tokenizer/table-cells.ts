import { isRecord, type Row } from '../rows.ts';
import { merge, type Type, typeOf } from '../types.ts';
import { TEMPLATED } from '../used-columns.ts';
import { Float } from './jinja/values.ts';

/**
 * Rows as they come back out of the table that trains: an object of a column has the keys of all of them, null where it
 * had none, and whole numbers among fractions are floats. Chat templates print tools and calls with those nulls.
 */
export function tableRows(rows: readonly Row[]): Row[] {
  const types = new Map<string, Type>();
  for (const row of rows) {
    for (const name of TEMPLATED) {
      const cell = row[name];
      if (typeof cell !== 'object' || cell === null) continue;
      const type = typeOf(cell);
      const known = types.get(name);
      types.set(name, known ? merge(known, type) : type);
    }
  }
  return rows.map((row) => {
    const cells = [...types].filter(([name]) => name in row).map(([name, type]) => [name, tableCell(row[name], type)]);
    return { ...row, ...Object.fromEntries(cells) };
  });
}

function tableCell(cell: unknown, type: Type): unknown {
  if (cell === null || cell === undefined) return null;
  if (type.kind === 'list' && Array.isArray(cell)) return cell.map((item) => tableCell(item, type.item));
  if (type.kind === 'struct' && isRecord(cell)) {
    return Object.fromEntries([...type.fields].map(([key, field]) => [key, tableCell(cell[key], field)]));
  }
  const isFloat = type.kind === 'value' && type.name === 'float64';
  return isFloat && typeof cell === 'number' && Number.isInteger(cell) ? new Float(cell) : cell;
}
