import { jsonLines } from '../local/json-lines.ts';
import type { Row } from '../rows.ts';
import { inMemory } from './bounds.ts';
import type { LineFormat } from './lines.ts';

/** One object a line. A line end is never within one: JSON writes it as `\n`. */
export const jsonLineFormat: LineFormat = {
  rows: readLines,
  rowsWithin: (name, bytes) => readLines(name, bytes.subarray(bytes.indexOf(10) + 1)),
};

async function readLines(name: string, lines: Uint8Array): Promise<Row[]> {
  const file = inMemory(name, lines);
  const { batches } = await jsonLines.open(file);
  const rows: Row[] = [];
  for await (const batch of batches({ start: 0, end: file.byteLength })) rows.push(...batch);
  return rows;
}
