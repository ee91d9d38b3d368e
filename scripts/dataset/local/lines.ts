const NEWLINE = 10;

/**
 * Blocks of whole lines out of bytes that begin at `at` in their file: those lines that begin from `start` on and
 * before `end`. Bytes from `start - 1` on are needed, to see whether a line begins at `start`.
 */
export async function* lineBlocks(
  bytes: AsyncIterable<Uint8Array>,
  at = 0,
  start = at,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let skipping = start > at;
  let offset = at;
  for await (const chunk of bytes) {
    let from = 0;
    if (skipping) {
      const found = chunk.indexOf(NEWLINE, Math.max(0, start - 1 - offset));
      from = found === -1 ? chunk.length : found + 1;
      skipping = found === -1;
      if (offset + from >= end) return;
    }
    const close = offset + chunk.length >= end ? chunk.indexOf(NEWLINE, Math.max(from, end - 1 - offset)) : -1;
    if (close !== -1) {
      yield joined([...rest, chunk.subarray(from, close + 1)]);
      return;
    }
    const last = chunk.lastIndexOf(NEWLINE);
    if (last < from) {
      if (from < chunk.length) rest.push(chunk.subarray(from));
    } else {
      yield joined([...rest, chunk.subarray(from, last + 1)]);
      rest = last + 1 < chunk.length ? [chunk.subarray(last + 1)] : [];
    }
    offset += chunk.length;
  }
  if (rest.length > 0) yield joined(rest);
}

/** How many line ends there are. */
export async function countLines(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of bytes) {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  }
  return lines;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return only && parts.length === 1 ? only : Buffer.concat(parts);
}
