import { TrainerError } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { beginning } from '../local/content.ts';
import type { DataFile } from '../local/data-file.ts';
import { json } from '../local/json.ts';
import { listRows } from '../local/json-list.ts';
import type { Row } from '../rows.ts';
import { PLACE_ROWS, PLACES, type Sampled, SMALL_BYTES } from './bounds.ts';
import { type LineFormat, tooLong } from './lines.ts';

/** The first rows of files some of which are compressed: those can be read only from their beginning. */
export async function sampleGzip(files: readonly DataFile[], format: LineFormat): Promise<Sampled> {
  const { file, only } = firstOf(files);
  if (!file) return firstRows([], true);
  const { bytes, ended } = await beginning(file, SMALL_BYTES);
  const lines = ended ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1);
  if (lines.length === 0 && !ended) throw tooLong(file, bytes.length);
  return firstRows(await format.rows(`${file.name}, unpacked,`, lines, !ended), ended && only);
}

/** The first items of a list. */
export async function sampleList(files: readonly DataFile[]): Promise<Sampled> {
  const { file, only } = firstOf(files);
  if (!file) return firstRows([], true);
  const { bytes, ended } = await beginning(file, SMALL_BYTES);
  const rows: Row[] = [];
  for await (const batch of listRows(file.name, once(bytes), { cut: !ended })) rows.push(...batch);
  return firstRows(rows, ended && only);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Bytes of a file that is a single object, which has to be read to its end. */
const MOST_OBJECT = 8 << 20;

/** The row that a single object is. Throws TrainerError `data` where it is too large to be read for a look. */
export async function sampleObject(files: readonly DataFile[]): Promise<Sampled> {
  const { file, only } = firstOf(files);
  if (!file) return firstRows([], true);
  if (file.byteLength > MOST_OBJECT) {
    throw new TrainerError(
      'data',
      'file_too_large',
      `${preview(file.name, 200)} is one JSON object of ${(file.byteLength / 1e6).toFixed(0)} MB, which load_dataset takes as a single row`,
      'Choose data with one row a line, or save its list of rows as .jsonl on this machine and give that.',
    );
  }
  const rows: Row[] = [];
  for await (const batch of (await json.open(file)).all()) rows.push(...batch);
  return firstRows(rows, only);
}

/** The first file that isn't empty, and whether it is the only one. */
function firstOf(files: readonly DataFile[]): { file: DataFile | undefined; only: boolean } {
  const [file, other] = files.filter(({ byteLength }) => byteLength > 0);
  return { file, only: other === undefined };
}

function firstRows(rows: readonly Row[], whole: boolean): Sampled {
  const seen = whole ? rows : rows.slice(0, PLACES * PLACE_ROWS);
  return {
    rows: seen.map((row, index) => ({ index, row })),
    total: whole ? rows.length : null,
    columns: null,
    reach: whole ? 'whole' : 'head',
    estimate: null,
  };
}
