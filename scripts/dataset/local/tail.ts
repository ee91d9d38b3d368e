import type { DataFile } from './data-file.ts';

/** The same file, whose last bytes, where parquet keeps its footer, are asked for once and kept. */
export function withTail(file: DataFile, bytes: number): DataFile {
  const from = Math.max(0, file.byteLength - bytes);
  let tail: Promise<ArrayBuffer> | null = null;
  return {
    ...file,
    async slice(start, end = file.byteLength) {
      if (start < from) return file.slice(start, end);
      tail ??= file.slice(from);
      const held = await tail;
      return held.slice(start - from, end - from);
    },
  };
}
