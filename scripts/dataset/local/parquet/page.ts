import { parquetHeader } from 'hyparquet/src/column.js';
import { convert, convertWithDictionary } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import type { DataReader, DecodedArray, Encoding, PageHeader } from 'hyparquet/src/types.js';
import type { Leaf } from './leaf.ts';
import { plainTexts, textOf } from './text.ts';

export { type PageHeader, parquetHeader };

/** Entries of a leaf column: levels as in the Dremel paper, and the values that are there. */
export interface Page {
  entries: number;
  /** Null where every entry has a value. */
  definitions: ArrayLike<number> | null;
  /** Null where every entry is a row of its own. */
  repetitions: ArrayLike<number> | null;
  values: ArrayLike<unknown>;
}

export type Dictionary = ArrayLike<unknown>;

/** More than any writer makes; a damaged header may say anything. */
const MAX_PAGE_BYTES = 1 << 30;

/** Entries that a data page has, null for another kind of page. Throws where the header can't be true. */
export function entriesOf(header: PageHeader, leaf: Leaf): number | null {
  const data = header.data_page_header ?? header.data_page_header_v2;
  if (Number(header.uncompressed_page_size) > MAX_PAGE_BYTES || header.compressed_page_size < 0) {
    throw new Error(`parquet page of ${header.uncompressed_page_size} bytes`);
  }
  if (!data || (header.type !== 'DATA_PAGE' && header.type !== 'DATA_PAGE_V2')) return null;
  if (data.num_values < 0 || data.num_values > leaf.entries) {
    throw new Error(`parquet page of ${data.num_values} values in a column of ${leaf.entries}`);
  }
  return data.num_values;
}

export function decodeDictionary(header: PageHeader, bytes: Uint8Array, leaf: Leaf): Dictionary {
  const count = header.dictionary_page_header?.num_values ?? 0;
  const page = decompressed(header, bytes, leaf);
  if (leaf.text) return plainTexts(page, 0, count);
  const { type, element } = leaf.decoder;
  const values = convert(readPlain(readerOf(page), type, count, element.type_length), leaf.decoder);
  return leaf.opaque ? Array.from(values, leaf.opaque) : values;
}

export function decodePage(header: PageHeader, bytes: Uint8Array, leaf: Leaf, dictionary: Dictionary | null): Page {
  const entries = entriesOf(header, leaf);
  if (entries === null) throw new Error(`parquet page of type ${header.type} among the data`);
  return leaf.text ? textPage(header, bytes, leaf, dictionary) : otherPage(header, bytes, leaf, dictionary);
}

/** What isn't text is rare in what trains: hyparquet decodes it. */
function otherPage(header: PageHeader, bytes: Uint8Array, leaf: Leaf, dictionary: Dictionary | null): Page {
  const v1 = header.data_page_header;
  const v2 = header.data_page_header_v2;
  const page = v1
    ? readDataPage(decompressed(header, bytes, leaf), v1, leaf.decoder)
    : readDataPageV2(bytes, header, leaf.decoder);
  const encoding = (v1 ?? v2)?.encoding ?? 'PLAIN';
  const values = convertWithDictionary(
    page.dataPage,
    (dictionary as DecodedArray) ?? undefined,
    encoding,
    leaf.decoder,
  );
  return {
    entries: v1?.num_values ?? v2?.num_values ?? 0,
    definitions: page.definitionLevels?.length ? page.definitionLevels : null,
    repetitions: page.repetitionLevels.length ? page.repetitionLevels : null,
    // Those of a dictionary are done.
    values: leaf.opaque && !encoding.endsWith('_DICTIONARY') ? Array.from(values, leaf.opaque) : values,
  };
}

function textPage(header: PageHeader, bytes: Uint8Array, leaf: Leaf, dictionary: Dictionary | null): Page {
  const { levels, body, encoding } = levelsAndBody(header, bytes, leaf);
  return { ...levels, values: textValues(body, encoding, levels, leaf, dictionary) };
}

interface Levels {
  entries: number;
  definitions: Uint8Array | null;
  repetitions: Uint8Array | null;
}

function levelsAndBody(
  header: PageHeader,
  bytes: Uint8Array,
  leaf: Leaf,
): { levels: Levels; body: DataReader; encoding: Encoding } {
  const v2 = header.data_page_header_v2;
  if (v2) {
    const reader = readerOf(bytes);
    const levels = readLevels(reader, v2.num_values, leaf, [
      v2.repetition_levels_byte_length,
      v2.definition_levels_byte_length,
    ]);
    const at = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    const { codec, compressors } = leaf.decoder;
    const size = Number(header.uncompressed_page_size) - at;
    const rest = bytes.subarray(at);
    const body = v2.is_compressed === false ? rest : decompressPage(rest, size, codec, compressors);
    return { levels, body: readerOf(body), encoding: v2.encoding };
  }
  const body = readerOf(decompressed(header, bytes, leaf));
  const v1 = header.data_page_header;
  const levels = readLevels(body, v1?.num_values ?? 0, leaf, []);
  return { levels, body, encoding: v1?.encoding ?? 'PLAIN' };
}

/** Repetition, then definition levels from where the reader stands. `lengths`: their bytes, where no prefix says so. */
export function readLevels(reader: DataReader, entries: number, leaf: Leaf, lengths: readonly number[]): Levels {
  const read = (max: number, length: number | undefined): Uint8Array | null => {
    if (max === 0) return null;
    const levels = new Uint8Array(entries);
    readRleBitPackedHybrid(reader, 32 - Math.clz32(max), levels, length);
    return levels;
  };
  return {
    entries,
    repetitions: read(leaf.maxRepetition, lengths[0]),
    definitions: read(leaf.maxDefinition, lengths[1]),
  };
}

function textValues(
  body: DataReader,
  encoding: Encoding,
  { entries, definitions }: Levels,
  { maxDefinition, decoder }: Leaf,
  dictionary: Dictionary | null,
): ArrayLike<unknown> {
  const count = definitions ? countOf(maxDefinition, definitions) : entries;
  const { view } = body;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (encoding === 'PLAIN') return plainTexts(bytes, body.offset, count);
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (!dictionary) throw new Error('parquet page without its dictionary');
    const texts = new Array<unknown>(count);
    const width = count > 0 ? view.getUint8(body.offset++) : 0;
    const indexes = new Uint32Array(count);
    if (width > 0)
      readRleBitPackedHybrid(body, width, indexes as unknown as DecodedArray, view.byteLength - body.offset);
    for (let index = 0; index < count; index += 1) texts[index] = dictionary[indexes[index] ?? 0];
    return texts;
  }
  const pieces = new Array<Uint8Array>(count);
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') deltaLengthByteArray(body, count, pieces);
  else if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(body, count, pieces);
  else throw new Error(`parquet unsupported encoding of ${decoder.pathInSchema.join('.')}: ${encoding}`);
  return pieces.map(textOf);
}

function countOf(level: number, levels: ArrayLike<number>): number {
  let count = 0;
  for (let index = 0; index < levels.length; index += 1) if (levels[index] === level) count += 1;
  return count;
}

function decompressed(header: PageHeader, bytes: Uint8Array, { decoder }: Leaf): Uint8Array {
  return decompressPage(bytes, Number(header.uncompressed_page_size), decoder.codec, decoder.compressors);
}

const readerOf = (bytes: Uint8Array): DataReader => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});
