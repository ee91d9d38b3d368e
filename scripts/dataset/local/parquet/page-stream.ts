import type { ColumnMetaData } from 'hyparquet';
import { type DataFile, windowOf } from '../data-file.ts';
import type { Leaf } from './leaf.ts';
import {
  type Dictionary,
  decodeDictionary,
  decodePage,
  entriesOf,
  type Page,
  type PageHeader,
  parquetHeader,
} from './page.ts';

/** A header with long minimum and maximum values is longer; it is then asked for again. */
const HEADER = 1 << 10;

/** A stretch of a leaf's column chunk, from a page's first byte on. */
export interface Stretch {
  start: number;
  /** After the last page. */
  end: number;
  /** Where the dictionary page lies, if it isn't the first of the stretch. */
  dictionary?: { start: number; end: number };
}

/** Bytes of a whole column chunk. */
export function chunkOf(column: ColumnMetaData): Stretch {
  const data = Number(column.data_page_offset);
  const start = Math.min(Number(column.dictionary_page_offset || data), data);
  return { start, end: start + Number(column.total_compressed_size) };
}

/** The data pages of a stretch, one at a time; the bytes after them are read ahead. */
export class PageStream {
  #bytes = new Uint8Array(0);
  /** Of #bytes[0] in the file. */
  #base: number;
  /** In the file, of the next page. */
  #at: number;
  #ahead: { from: number; bytes: Promise<ArrayBuffer> } | null = null;
  #dictionary: Dictionary | null = null;

  constructor(
    private readonly file: DataFile,
    private readonly leaf: Leaf,
    private readonly stretch: Stretch,
  ) {
    this.#at = stretch.start;
    this.#base = stretch.start;
  }

  /** Null after the last. Throws where a page can't be decoded. */
  async next(): Promise<Page | null> {
    const { dictionary, end } = this.stretch;
    if (dictionary && !this.#dictionary) {
      const bytes = new Uint8Array(await this.file.slice(dictionary.start, dictionary.end));
      const { header, size } = readHeader(bytes);
      this.#dictionary = decodeDictionary(header, bytes.subarray(size, size + header.compressed_page_size), this.leaf);
    }
    while (this.#at < end) {
      const { header, bytes } = await this.#page();
      if (header.type === 'DICTIONARY_PAGE') this.#dictionary = decodeDictionary(header, bytes, this.leaf);
      else if (entriesOf(header, this.leaf) !== null) return decodePage(header, bytes, this.leaf, this.#dictionary);
    }
    return null;
  }

  async #page(): Promise<{ header: PageHeader; bytes: Uint8Array }> {
    const { header, size } = await this.#header();
    entriesOf(header, this.leaf);
    const from = this.#at + size;
    const to = from + header.compressed_page_size;
    if (to > this.stretch.end) throw new Error(`parquet page ends at byte ${to}, its column at ${this.stretch.end}`);
    const bytes = await this.#take(from, to);
    this.#at = to;
    return { header, bytes };
  }

  async #header(): Promise<{ header: PageHeader; size: number }> {
    for (let length = HEADER; ; length *= 16) {
      const to = Math.min(this.#at + length, this.stretch.end);
      try {
        return readHeader(await this.#take(this.#at, to));
      } catch (error) {
        if (to === this.stretch.end || length > 1 << 24) throw error;
      }
    }
  }

  /** Bytes of the file, from what was read before where they are there. */
  async #take(from: number, to: number): Promise<Uint8Array> {
    const held = this.#base + this.#bytes.length;
    if (from < this.#base || to > held) {
      const kept = from >= this.#base && from < held ? this.#bytes.subarray(from - this.#base) : new Uint8Array(0);
      const start = from + kept.length;
      const fresh = await this.#read(start, Math.min(Math.max(to, start + windowOf(this.file)), this.stretch.end));
      const bytes = new Uint8Array(kept.length + fresh.length);
      bytes.set(kept);
      bytes.set(fresh, kept.length);
      this.#bytes = bytes;
      this.#base = from;
    }
    return this.#bytes.subarray(from - this.#base, to - this.#base);
  }

  async #read(from: number, to: number): Promise<Uint8Array> {
    let bytes = this.#ahead?.from === from ? new Uint8Array(await this.#ahead.bytes) : new Uint8Array(0);
    if (from + bytes.length < to) {
      const more = new Uint8Array(await this.file.slice(from + bytes.length, to));
      if (from + bytes.length + more.length < to) throw new Error(`parquet file ends before byte ${to}`);
      const joined = new Uint8Array(bytes.length + more.length);
      joined.set(bytes);
      joined.set(more, bytes.length);
      bytes = joined;
    }
    const next = from + bytes.length;
    if (next >= this.stretch.end || this.file.window !== undefined) this.#ahead = null;
    else {
      const reading = this.file.slice(next, Math.min(next + windowOf(this.file), this.stretch.end));
      reading.catch(() => undefined); // thrown where it is awaited
      this.#ahead = { from: next, bytes: reading };
    }
    return bytes;
  }
}

function readHeader(bytes: Uint8Array): { header: PageHeader; size: number } {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const header = parquetHeader(reader);
  return { header, size: reader.offset };
}
