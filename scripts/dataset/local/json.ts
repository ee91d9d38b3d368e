import { Buffer } from 'node:buffer';
import { isRecord, type Row } from '../rows.ts';
import { content } from './content.ts';
import type { DataFile } from './data-file.ts';
import { jsonLines } from './json-lines.ts';
import { listRows } from './json-list.ts';
import { checkedRow, mayHoldHalves, parsedJson } from './json-row.ts';
import { shapeOf } from './json-shape.ts';
import { broken, type Reader, whole } from './reader.ts';

/** Rows of a file called .json: one a line, a list that is read item by item, or a single object, read at once. */
export const json: Reader = {
  async open(file) {
    const shape = await shapeOf(file);
    if (shape === 'lines') return jsonLines.open(file);
    return whole(file, shape === 'list' ? () => listRows(file.name, content(file)) : () => rowsOfObject(file));
  },
};

async function* rowsOfObject(file: DataFile): AsyncGenerator<Row[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content(file)) chunks.push(chunk);
  const text = withoutMark(Buffer.concat(chunks));
  const document = parsedJson(file.name, '', text);
  const halves = mayHoldHalves(text);
  const list = file.near ? listIn(file.name, document) : null;
  if (list) yield list.map((item, index) => checkedRow(file.name, ` item ${index}`, item, halves));
  else yield [checkedRow(file.name, '', document, halves)];
}

/** Without the mark that some editors write at the beginning. */
const withoutMark = (text: Buffer): Buffer => (text.indexOf('\ufeff') === 0 ? text.subarray(3) : text);

/**
 * The list of rows in an object: the training script finds it by the same rule, while `load_dataset`, which reads the
 * files of the Hub, takes the object as one row. Null where there is no list.
 */
function listIn(name: string, document: unknown): readonly unknown[] | null {
  const lists = isRecord(document) ? Object.values(document).filter((value) => Array.isArray(value)) : [];
  const [list, other] = lists;
  if (!other) return list ?? null;
  throw broken(
    name,
    '',
    'is an object with several lists: which one holds the rows?',
    'Write the rows as one list of objects, or as .jsonl with one object a line.',
  );
}
