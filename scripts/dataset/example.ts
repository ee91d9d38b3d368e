import { preview } from '../printable.ts';
import { pictureSize } from './pictures/size.ts';
import { isRecord, type SeenRow, UNSEEN } from './rows.ts';

const COLUMNS = 12;
const CHARACTERS = 160;

/** One row to show to a person: clipped, escaped, one line a cell. */
export function exampleOf({ index, row }: SeenRow): { row: number; cells: { column: string; text: string }[] } {
  return {
    row: index,
    cells: Object.entries(row)
      .slice(0, COLUMNS)
      .map(([column, value]) => ({ column: preview(column, 40), text: preview(textOf(value), CHARACTERS) })),
  };
}

function textOf(value: unknown): string {
  if (value === UNSEEN) return '(too long for the dataset viewer)';
  if (typeof value === 'string') return value.slice(0, 4 * CHARACTERS);
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  return JSON.stringify(value, shortened) ?? 'null';
}

/** Keeps the JSON of a ten-megabyte cell short. */
function shortened(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return value.slice(0, CHARACTERS);
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  // Its address lets anyone see it for a while.
  if (isRecord(value) && typeof value.src === 'string' && 'width' in value) return pictureText(value);
  return Array.isArray(value) ? value.slice(0, 8) : value;
}

/** A picture as the dataset viewer shows it. */
function pictureText(shown: unknown): unknown {
  const size = pictureSize(shown);
  return size ? `(a picture of ${size.width}x${size.height})` : shown;
}
