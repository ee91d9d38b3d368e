import { Buffer } from 'node:buffer';
import { errorMessage } from '../../errors.ts';
import { isRecord, type Row } from '../rows.ts';
import { content, decoded, isGzip } from './content.ts';
import type { DataFile } from './data-file.ts';
import { HALF_ESCAPES, holdsLoneHalf, LONE_HALF, LONE_HALF_HINT } from './halves.ts';
import { jsonLines } from './json-lines.ts';
import { listRows } from './json-list.ts';
import { broken, type Reader, whole } from './reader.ts';

/** A list of objects, read item by item, or an object with one such list, which is read at once: JSON has no other way. */
export const json: Reader = {
  async open(file) {
    // What `load_dataset` reads from the Hub may be lines under this name, too; a local file is read by json.loads.
    if (!file.near && (await beginsWithObjects(file))) return jsonLines.open(file);
    return whole(file, () => rowsOf(file));
  },
};

async function* rowsOf(file: DataFile): AsyncGenerator<Row[]> {
  const bytes = content(file)[Symbol.asyncIterator]();
  try {
    const { value: first } = await bytes.next();
    const start = first ? /^(?:\u00ef\u00bb\u00bf)?\s*\[/.exec(Buffer.from(first).toString('latin1', 0, 4096)) : null;
    if (!first || !start) {
      yield* listedRows(file);
      return;
    }
    yield* listRows(
      file.name,
      (async function* () {
        yield first.subarray(start[0].length);
        yield* { [Symbol.asyncIterator]: () => bytes };
      })(),
    );
  } finally {
    await bytes.return(undefined);
  }
}

/** Enough for the first line of nearly all files. */
const GLANCE = 1 << 20;

async function beginsWithObjects(file: DataFile): Promise<boolean> {
  if (isGzip(file)) return false;
  const [line = '', more] = new TextDecoder()
    .decode(await file.slice(0, Math.min(GLANCE, file.byteLength)))
    .split('\n', 2);
  if (more === undefined || more.trim() === '') return false;
  try {
    return isRecord(JSON.parse(line));
  } catch {
    return false;
  }
}

const BATCH = 1000;

async function* listedRows(file: DataFile): AsyncGenerator<Row[]> {
  const pieces: string[] = [];
  for await (const piece of decoded(file)) pieces.push(piece);
  const { text, document } = parsed(file.name, pieces);
  const halves = HALF_ESCAPES.some((half) => text.includes(half));
  let batch: Row[] = [];
  for (const [index, value] of listIn(file.name, document).entries()) {
    const where = ` item ${index}`;
    if (!isRecord(value)) {
      throw broken(file.name, where, 'is not an object of columns', 'Write a list of objects {column: value}.');
    }
    if (halves && holdsLoneHalf(value)) throw broken(file.name, where, LONE_HALF, LONE_HALF_HINT);
    batch.push(value);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
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
