import { Buffer } from 'node:buffer';
import type { Row } from '../rows.ts';
import { rowOf } from './json-row.ts';
import { broken } from './reader.ts';

const OPEN = 0x5b;
const [QUOTE, COMMA, BACKSLASH, CLOSE, BRACE, END] = Buffer.from('",\\]{}');
const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/**
 * The rows of a file that is one list of objects, an item at a time: no more of the file is held. `cut`: the bytes may
 * end before the list does. Throws TrainerError `data` with the item's number.
 */
export async function* listRows(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  { cut = false } = {},
): AsyncGenerator<Row[]> {
  const items = new Items();
  let index = 0;
  for await (const chunk of bytes) {
    const rows = items.in(chunk).map((item) => rowOf(name, ` item ${index++}`, item));
    if (items.after) throw broken(name, ` item ${index}`, 'more follows where the list has ended', 'Remove it.');
    if (rows.length > 0) yield rows;
  }
  if (!items.closed && !cut) {
    throw broken(
      name,
      ` item ${index}`,
      'is not JSON: the file ends before its list does',
      'Get it again, to its end.',
    );
  }
}

/** Cuts a list into its items, byte by byte. */
class Items {
  /** Of the item that is not at its end yet. */
  #rest: Uint8Array[] = [];
  #depth = 0;
  #quoted = false;
  #escaped = false;
  #count = 0;
  #opened = false;
  closed = false;
  /** Something follows the list. */
  after = false;

  in(chunk: Uint8Array): Buffer[] {
    const items: Buffer[] = [];
    let start = this.#opened ? 0 : chunk.indexOf(OPEN) + 1;
    this.#opened ||= start > 0;
    if (!this.#opened) return items;
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#quoted) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#quoted = false;
      } else if (this.closed) this.after ||= !isSpace(byte);
      else if (byte === QUOTE) this.#quoted = true;
      else if (byte === BRACE || byte === OPEN) this.#depth += 1;
      else if (this.#depth > 0) this.#depth -= byte === END || byte === CLOSE ? 1 : 0;
      else if (byte === COMMA || byte === CLOSE) {
        const item = Buffer.concat([...this.#rest, chunk.subarray(start, at)]);
        this.#rest = [];
        start = at + 1;
        this.closed = byte === CLOSE;
        // An empty list has no item between its brackets.
        if (!this.closed || this.#count > 0 || !item.every(isSpace)) items.push(item);
        this.#count += 1;
      }
    }
    if (!this.closed) this.#rest.push(chunk.subarray(start));
    return items;
  }
}
