import { Buffer, isAscii, isUtf8 } from 'node:buffer';

/**
 * `count` texts as PLAIN stores them: four bytes of length, then the bytes. Where all of them are ASCII, they are
 * pieces of one string, which costs one copy for the whole page. Overwrites the lengths in `bytes`.
 */
export function plainTexts(bytes: Uint8Array, start: number, count: number): string[] {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends = new Uint32Array(count);
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const end = at + 4 + page.readUInt32LE(at);
    // Else the lengths would look like bytes of text.
    page.writeUInt32LE(0, at);
    ends[index] = end;
    at = end;
  }
  if (at > page.length) throw new Error(`parquet text ends at byte ${at} of a page of ${page.length}`);
  const used = page.subarray(start, at);
  const texts = new Array<string>(count);
  if (isAscii(used)) {
    const all = used.toString('latin1');
    let from = 4;
    for (let index = 0; index < count; index += 1) {
      const end = (ends[index] ?? 0) - start;
      texts[index] = all.slice(from, end);
      from = end + 4;
    }
    return texts;
  }
  if (!isUtf8(used)) throw new Error('parquet text is not UTF-8');
  let from = start + 4;
  for (let index = 0; index < count; index += 1) {
    const end = ends[index] ?? 0;
    texts[index] = page.toString('utf8', from, end);
    from = end + 4;
  }
  return texts;
}

/** Throws where the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error('parquet text is not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
