/** A tensor as the header of a safetensors file lists it; `dtype` in the format's own words (BF16, F8_E4M3, U8, ...). */
export interface StoredTensor {
  name: string;
  dtype: string;
  shape: number[];
}

/** A file that is read by ranges: on the Hub (remote-file.ts) or on this machine. */
export interface RangedFile {
  readonly name: string;
  readonly byteLength: number;
  slice(start: number, end: number): Promise<ArrayBuffer>;
}

/** The format's own limit is 100 MB: https://github.com/huggingface/safetensors#format */
const MAX_HEADER_BYTES = 100_000_000;
/** Read at once, in the hope that the header ends in it: 70B shards have headers of 12 to 20 kB. */
const FIRST_BYTES = 65_536;
const LENGTH_BYTES = 8;

/** What the header lists: 8 bytes of length (little-endian), then JSON. Throws Error where it is not one. */
export async function readHeader(file: RangedFile): Promise<StoredTensor[]> {
  const first = await file.slice(0, Math.min(FIRST_BYTES, file.byteLength));
  if (first.byteLength < LENGTH_BYTES) throw new Error(`${file.byteLength} bytes are too few for a header`);
  const length = Number(new DataView(first).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw new Error(`header of ${length} bytes`);
  const end = LENGTH_BYTES + length;
  if (end > file.byteLength) throw new Error(`a header of ${length} bytes in a file of ${file.byteLength}`);
  const rest = end > first.byteLength ? [await file.slice(first.byteLength, end)] : [];
  const bytes = Buffer.concat([first, ...rest].map((part) => new Uint8Array(part)));
  return tensorsOf(JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)), file.byteLength - end);
}

function tensorsOf(header: unknown, stored: number): StoredTensor[] {
  if (typeof header !== 'object' || header === null) throw new Error('the header is no JSON object');
  const tensors: StoredTensor[] = [];
  let last = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (!isEntry(entry)) throw new Error('the header lists a tensor without dtype, shape and offsets');
    tensors.push({ name, dtype: entry.dtype, shape: entry.shape });
    last = Math.max(last, entry.data_offsets[1]);
  }
  if (last > stored) throw new Error(`${last - stored} bytes of its tensors are missing`);
  return tensors;
}

type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] };

function isEntry(entry: unknown): entry is Entry {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Partial<Entry>;
  return typeof dtype === 'string' && areSizes(shape) && areSizes(data_offsets) && data_offsets.length === 2;
}

const areSizes = (values: unknown): values is number[] =>
  Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && value >= 0);
