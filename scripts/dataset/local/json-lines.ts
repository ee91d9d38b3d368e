import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import { errorMessage } from '../../errors.ts';
import { isRecord, type Row } from '../rows.ts';
import { content, isGzip, NOT_UTF8 } from './content.ts';
import { chunks, type DataFile, glanced } from './data-file.ts';
import { HALF_ESCAPES, holdsLoneHalf, LONE_HALF, LONE_HALF_HINT } from './halves.ts';
import { countLines, lineBlocks } from './lines.ts';
import { type Bytes, broken, type Reader } from './reader.ts';

/** Bytes of a piece. */
const PIECE = 8 << 20;
/** Bytes in which the rest of a line is looked for first. */
const LINE = 1 << 16;

/** One object a line. */
export const jsonLines: Reader = {
  async open(file) {
    return {
      declared: null,
      async *pieces() {
        const step = isGzip(file) ? file.byteLength : PIECE;
        for (let start = 0; start < file.byteLength; start += step) {
          yield { start, end: Math.min(start + step, file.byteLength) };
        }
      },
      all: () => rowsOfLines(glanced(file), { start: 0, end: file.byteLength }),
      batches: (piece) => ('group' in piece ? nothing() : rowsOfLines(file, piece)),
    };
  },
};

async function* rowsOfLines(file: DataFile, { start, end }: Bytes): AsyncGenerator<Row[]> {
  const from = Math.max(0, start - 1);
  const blocks = isGzip(file) ? lineBlocks(content(file)) : lineBlocks(bytesOfLines(file, from, end), from, start, end);
  let lines = 0;
  let first = start === 0;
  for await (const block of blocks) {
    const rows: Row[] = [];
    try {
      lines += parseBlock(first ? withoutMark(block) : block, rows);
    } catch (error) {
      if (error instanceof BadLine) throw await placed(file, start, lines, error);
      throw error;
    }
    first = false;
    yield rows;
  }
}

/** From the piece's bytes to those of its last line, which ends in the next piece. */
async function* bytesOfLines(file: DataFile, from: number, end: number): AsyncGenerator<Uint8Array> {
  yield* chunks(file, from, end);
  for (let at = end, size = LINE; at < file.byteLength; at += size, size *= 2) {
    yield new Uint8Array(await file.slice(at, Math.min(at + size, file.byteLength)));
  }
}

/** What is wrong with one line of a block, the first being 0. */
class BadLine extends Error {
  constructor(
    readonly line: number,
    readonly why: string,
    readonly hint: (line: number) => string,
    override readonly cause?: unknown,
  ) {
    super(why);
  }
}

/** Counts the lines before the piece only now that one is asked for. */
async function placed(file: DataFile, start: number, lines: number, error: BadLine) {
  const before = start === 0 ? 0 : file.near ? (await countLines(chunks(file, 0, start - 1))) + 1 : null;
  const line = before === null ? null : before + lines + error.line + 1;
  const where = line === null ? ` in the lines after byte ${start}` : ` line ${line}`;
  return broken(file.name, where, error.why, error.hint(line ?? 0), error.cause);
}

/** Adds a row a line that isn't blank; how many lines there were. */
function parseBlock(block: Uint8Array, rows: Row[]): number {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const halves = HALF_ESCAPES.some((half) => bytes.includes(half));
  const textAt = reader(bytes);
  let line = 0;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = lineEnd(bytes, start);
    const row = rowOf(textAt(start, end), line);
    if (row !== null) {
      if (halves && holdsLoneHalf(row)) throw new BadLine(line, LONE_HALF, () => LONE_HALF_HINT);
      rows.push(row);
    }
    start = end + 1;
  }
  return line;
}

function lineEnd(bytes: Buffer, start: number): number {
  const found = bytes.indexOf(10, start);
  return found === -1 ? bytes.length : found;
}

/** Text from one byte to another. A line that is all ASCII is decoded and parsed several times faster than another. */
function reader(bytes: Buffer): (start: number, end: number) => string {
  if (isAscii(bytes)) {
    const text = bytes.toString('latin1');
    return (start, end) => text.slice(start, end);
  }
  if (!isUtf8(bytes)) throw notUtf8(bytes);
  return (start, end) => bytes.toString(isAscii(bytes.subarray(start, end)) ? 'latin1' : 'utf8', start, end);
}

function notUtf8(bytes: Buffer): BadLine {
  let line = 0;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = lineEnd(bytes, start);
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return new BadLine(line, 'is not UTF-8 text', () => NOT_UTF8);
}

function rowOf(text: string, line: number): Row | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (text.trim() === '') return null;
    throw new BadLine(line, `is not JSON: ${errorMessage(error)}`, (number) => hintFor(text, number), error);
  }
  if (isRecord(value)) return value;
  const what = Array.isArray(value) ? 'a list' : 'a single value';
  throw new BadLine(line, `is ${what}, not an object of columns`, () => 'Write one object {column: value} a line.');
}

function hintFor(text: string, line: number): string {
  if (/^\s*[[{]\s*$/.test(text)) return 'Write one object a line; `jq -c .` (or `jq -c ".[]"` for a list) does that.';
  const where = line > 0 ? `line ${line}` : 'that line';
  if (/\b(?:NaN|Infinity)\b/.test(text)) return `NaN and Infinity are not JSON: write null in ${where}.`;
  return `Correct or remove ${where}.`;
}

/** Without the mark that some editors write at the beginning. */
function withoutMark(block: Uint8Array): Uint8Array {
  return block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? block.subarray(3) : block;
}

async function* nothing(): AsyncGenerator<Row[]> {}
