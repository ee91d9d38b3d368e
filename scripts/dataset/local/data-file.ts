/** One file's bytes, on disk or on the Hub. */
export interface DataFile {
  /** As messages call it: a path, or the file's path in its repository. */
  readonly name: string;
  readonly byteLength: number;
  /** A few bytes are had for next to nothing, as from a disk. */
  readonly near?: boolean;
  /** Bytes to ask for at once where only a few rows are wanted; nothing is then read ahead. */
  readonly window?: number;
  /** Bytes from `start` up to `end`, fewer only where the file is shorter. Throws TrainerError where they can't be read. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/** Bytes to ask for at once: more where each reading costs a round trip. */
export const windowOf = ({ near, window }: DataFile): number => window ?? (near ? 1 << 18 : 2 << 20);

/** The same file for reading a little of its beginning. */
export const glanced = (file: DataFile): DataFile => (file.near ? file : { ...file, window: 1 << 16 });

/** The bytes from `start` to `end` in chunks, the next one being read while one is worked on. */
export async function* chunks(
  file: DataFile,
  start = 0,
  end: number = file.byteLength,
  size = windowOf(file),
): AsyncGenerator<Uint8Array> {
  const read = (at: number): Promise<ArrayBuffer> => {
    const reading = file.slice(at, Math.min(at + size, end));
    reading.catch(() => undefined); // thrown where it is awaited
    return reading;
  };
  const ahead = file.window === undefined;
  let next = start < end ? read(start) : null;
  for (let at = start; next !== null; ) {
    const bytes: ArrayBuffer = await next;
    at += bytes.byteLength;
    const more = at < end && bytes.byteLength > 0;
    next = more && ahead ? read(at) : null;
    if (bytes.byteLength > 0) yield new Uint8Array(bytes);
    if (more && !ahead) next = read(at);
  }
}
