import { errorMessage } from '../../errors.ts';
import { isRecord, type Row } from '../rows.ts';
import { merge, type Type, typeOf } from '../types.ts';
import type { Files } from './files.ts';
import { decoded, readLines } from './lines.ts';
import { broken, type Reader } from './reader.ts';

/** One object a line. */
export const jsonLines: Reader = jsonReader(lineObjects);

/** A list of objects, or an object with one such list. */
export const json: Reader = jsonReader(listedObjects);

function jsonReader(objects: (files: Files, path: string) => AsyncIterable<Row>): Reader {
  return {
    async survey(files, path) {
      const columns = new Map<string, Type>();
      let rows = 0;
      for await (const row of objects(files, path)) {
        rows += 1;
        for (const [name, value] of Object.entries(row)) {
          const known = columns.get(name);
          const type = typeOf(value);
          const merged = known ? merge(known, type) : type;
          if (merged !== known) columns.set(name, merged);
        }
      }
      return { rows, columns };
    },
    rows: objects,
  };
}

async function* lineObjects(files: Files, path: string): AsyncGenerator<Row> {
  for await (const [text, line] of readLines(files, path)) {
    if (text.trim() === '') continue;
    const where = ` line ${line}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw broken(path, where, `is not JSON: ${errorMessage(error)}`, hintFor(text, line), error);
    }
    if (!isRecord(value)) {
      const what = Array.isArray(value) ? 'a list' : 'a single value';
      throw broken(path, where, `is ${what}, not an object of columns`, 'Write one object {column: value} a line.');
    }
    if (HALF.test(text)) refuseHalves(path, where, value);
    yield value;
  }
}

function hintFor(text: string, line: number): string {
  if (/^\s*[[{]\s*$/.test(text)) return 'Write one object a line; `jq -c .` (or `jq -c ".[]"` for a list) does that.';
  if (/\b(?:NaN|Infinity)\b/.test(text)) return `NaN and Infinity are not JSON: write null in line ${line}.`;
  return `Correct or remove line ${line}.`;
}

/** Reads the whole file: JSON has no other way. */
async function* listedObjects(files: Files, path: string): AsyncGenerator<Row> {
  const pieces: string[] = [];
  for await (const piece of decoded(files, path)) pieces.push(piece);
  const { text, document } = parsed(path, pieces);
  const halves = HALF.test(text);
  for (const [index, value] of listIn(path, document).entries()) {
    const where = ` item ${index}`;
    if (!isRecord(value)) {
      throw broken(path, where, 'is not an object of columns', 'Write a list of objects {column: value}.');
    }
    if (halves) refuseHalves(path, where, value);
    yield value;
  }
}

function parsed(path: string, pieces: readonly string[]): { text: string; document: unknown } {
  try {
    const text = pieces.join('');
    if (text.trim() === '') return { text, document: [] };
    return { text, document: JSON.parse(text) };
  } catch (error) {
    if (error instanceof RangeError) {
      throw broken(
        path,
        '',
        'is too large to be read at once',
        'Convert it: jq -c ".[]" data.json > data.jsonl',
        error,
      );
    }
    const lines = (pieces[0] ?? '').split('\n', 2);
    const objectALine = lines.length === 2 && lines.every((line) => /^\s*\{.*\}\s*$/.test(line));
    throw broken(
      path,
      '',
      `is not JSON: ${errorMessage(error)}`,
      objectALine ? 'It holds one object a line: rename it to .jsonl' : 'Correct the file.',
      error,
    );
  }
}

/** The training script finds the rows by the same rule. */
function listIn(path: string, document: unknown): unknown[] {
  if (Array.isArray(document)) return document;
  const lists = isRecord(document) ? Object.values(document).filter((value) => Array.isArray(value)) : [];
  const [list] = lists;
  if (list && lists.length === 1) return list;
  throw broken(
    path,
    '',
    'is neither a list of rows nor an object with one such list',
    'Write the rows as one list of objects, or as .jsonl with one object a line.',
  );
}

/** Escapes of half a character: paired ones are fine, a lone one is no text that Python can write. */
const HALF = /\\u[dD][89a-fA-F]/;
const LONE = /\p{Surrogate}/u;

function refuseHalves(path: string, where: string, value: Row): void {
  if (!holdsLoneHalf(value)) return;
  throw broken(path, where, 'holds half of a character (a lone surrogate)', 'Remove the \\ud... escape there.');
}

function holdsLoneHalf(value: unknown): boolean {
  if (typeof value === 'string') return LONE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => LONE.test(key) || holdsLoneHalf(item));
}
