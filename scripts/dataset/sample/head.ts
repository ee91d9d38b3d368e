import { constants, gunzipSync } from 'node:zlib';
import { errorMessage, systemErrorCode, TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import type { DataFile } from '../local/data-file.ts';
import { broken } from '../local/reader.ts';
import type { Row } from '../rows.ts';
import { PLACE_BYTES, PLACE_ROWS, PLACES, type Sampled } from './bounds.ts';
import type { LineFormat } from './lines.ts';

/** Text that a few bytes may unpack to. */
const MOST_TEXT = 32 << 20;

/** The first rows of a compressed file: it can be read only from its beginning. */
export async function sampleGzip(files: readonly DataFile[], format: LineFormat): Promise<Sampled> {
  const file = files.find(({ byteLength }) => byteLength > 0);
  const bytes = file ? new Uint8Array(await file.slice(0, PLACE_BYTES)) : new Uint8Array(0);
  const cut = file !== undefined && bytes.length < file.byteLength;
  const text = file ? unpacked(file.name, bytes, cut) : bytes;
  const lines = cut ? text.subarray(0, text.lastIndexOf(10) + 1) : text;
  const rows = file ? await format.rows(`${file.name}, unpacked,`, lines, cut) : [];
  const whole = !cut && files.filter(({ byteLength }) => byteLength > 0).length <= 1;
  return firstRows(rows, whole);
}

export function firstRows(rows: readonly Row[], whole: boolean): Sampled {
  const seen = whole ? rows : rows.slice(0, PLACES * PLACE_ROWS);
  return {
    rows: seen.map((row, index) => ({ index, row })),
    total: whole ? rows.length : null,
    columns: null,
    reach: whole ? 'whole' : 'head',
    numbered: true,
  };
}

function unpacked(name: string, bytes: Uint8Array, cut: boolean): Uint8Array {
  try {
    const finishFlush = cut ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
    return gunzipSync(bytes, { finishFlush, maxOutputLength: MOST_TEXT });
  } catch (error) {
    if (systemErrorCode(error) === 'ERR_BUFFER_TOO_LARGE' && bytes.length > 1 << 14) {
      return unpacked(name, bytes.subarray(0, bytes.length >> 3), true);
    }
    const early = systemErrorCode(error) === 'Z_BUF_ERROR';
    throw broken(
      name,
      '',
      early ? 'the gzip file ends too early' : `is not gzip: ${errorMessage(error)}`,
      early ? 'It was not uploaded to its end.' : 'Compress it again, or give it unpacked.',
      error,
    );
  }
}

/** Bytes of a .json file that is read to its end: its rows can't be told apart otherwise. */
const MOST_JSON = 32 << 20;

/** A list in a JSON file that is too large to be read at once is read from its beginning, row by row. */
export async function sampleJsonList(
  file: DataFile,
  whole: (file: DataFile) => Promise<Row[]>,
  head: Uint8Array,
): Promise<Sampled> {
  if (file.byteLength <= PLACE_BYTES * 2) return firstRows(await whole(file), true);
  const text = new TextDecoder().decode(head);
  if (/^\s*\[/.test(text)) return firstRows(listedRows(file.name, text), false);
  if (file.byteLength <= MOST_JSON) return firstRows(await whole(file), true);
  throw new TrainerError(
    'data',
    'file_too_large',
    `${preview(file.name, 200)} is one JSON object of ${(file.byteLength / 1e6).toFixed(0)} MB`,
    'Validate a copy on this machine, which is read whole.',
  );
}

/** The objects that are whole in the beginning of a list. */
function listedRows(name: string, text: string): Row[] {
  const rows: Row[] = [];
  let depth = 0;
  let start = -1;
  let quoted = false;
  for (let at = text.indexOf('[') + 1; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0 && start !== -1) rows.push(rowOf(name, rows.length, text.slice(start, at + 1)));
      if (depth < 0) break;
    }
  }
  return rows;
}

function rowOf(name: string, index: number, text: string): Row {
  const where = ` item ${index}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(name, where, `is not JSON: ${errorMessage(error)}`, 'Correct the file.', error);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw broken(name, where, 'is not an object of columns', 'Write a list of objects {column: value}.');
}
