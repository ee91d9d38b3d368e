import { type Buffer, isUtf8 } from 'node:buffer';
import { errorMessage } from '../../errors.ts';
import { isRecord, type Row } from '../rows.ts';
import { NOT_UTF8 } from './content.ts';
import { HALF_ESCAPES, holdsLoneHalf, LONE_HALF, LONE_HALF_HINT } from './halves.ts';
import { broken } from './reader.ts';

/** A row out of its JSON text. `where`: its place in the file, for what is wrong. Throws TrainerError `data`. */
export function rowOf(name: string, where: string, text: Buffer): Row {
  return checkedRow(name, where, parsedJson(name, where, text), mayHoldHalves(text));
}

/** Throws TrainerError `data` where it isn't UTF-8 or JSON, or too large to be one string. */
export function parsedJson(name: string, where: string, text: Buffer): unknown {
  if (!isUtf8(text)) throw broken(name, where, 'is not UTF-8 text', NOT_UTF8);
  try {
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw broken(name, where, `is not JSON: ${errorMessage(error)}`, 'Correct the file there.', error);
    }
    const hint = 'Convert it to one row a line: jq -c ".[]" data.json > data.jsonl';
    throw broken(name, where, 'is too large to be read at once', hint, error);
  }
}

/** `halves`: whether its text may hold half a character. */
export function checkedRow(name: string, where: string, value: unknown, halves: boolean): Row {
  if (!isRecord(value)) {
    throw broken(name, where, 'is not an object of columns', 'Write a list of objects {column: value}.');
  }
  if (halves && holdsLoneHalf(value)) throw broken(name, where, LONE_HALF, LONE_HALF_HINT);
  return value;
}

export const mayHoldHalves = (text: Buffer): boolean => HALF_ESCAPES.some((half) => text.includes(half));
