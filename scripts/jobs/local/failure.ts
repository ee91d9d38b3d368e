import { printable } from '../../printable.ts';
import { redact } from '../../redact.ts';

/** The last lines that a program said, safe to show, on one line. */
export function lastLines(said: string, count: number): string {
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== '');
  return printable(redact(lines.slice(-count).join(' | ')));
}

/** In the words of Linux, macOS, Windows and Rust. */
export const saysDiskFull = (said: string): boolean =>
  /No space left on device|not enough space on the disk|os error (28|112)\b|Disk quota exceeded/i.test(said);
