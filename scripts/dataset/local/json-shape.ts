import { isRecord } from '../rows.ts';
import { type Beginning, beginning } from './content.ts';
import type { DataFile } from './data-file.ts';

/** How a JSON file holds its rows: one list of them, one a line, or a single object. */
export type JsonShape = 'list' | 'lines' | 'object';

/** Bytes in which the first line has to end. */
const LOOK = 2 << 20;

/**
 * By what is in the file, since both lines and lists go by the name .json; .jsonl and .ndjson hold lines. The training
 * script tells them apart by the same rule, and `load_dataset` as well. Throws TrainerError `data` for broken gzip.
 */
export async function shapeOf(file: DataFile): Promise<JsonShape> {
  return isJson(file) ? jsonShape(await beginning(file, LOOK)) : 'lines';
}

const isJson = ({ name }: DataFile): boolean => /\.json(?:\.gz)?$/i.test(name);

function jsonShape({ bytes, ended }: Beginning): JsonShape {
  const text = new TextDecoder().decode(bytes).trimStart();
  if (text === '') return 'lines';
  if (text.startsWith('[')) return 'list';
  const end = text.indexOf('\n');
  if (end === -1 || !isObject(text.slice(0, end))) return 'object';
  return ended && text.slice(end).trim() === '' ? 'object' : 'lines';
}

function isObject(line: string): boolean {
  try {
    return isRecord(JSON.parse(line));
  } catch {
    return false;
  }
}
