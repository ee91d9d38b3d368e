import { StringDecoder } from 'node:string_decoder';
import { redact } from '../../redact.ts';

/** A line this long is written in pieces: memory stays bounded when a program never ends its line. */
const LONGEST_LINE = 1024 * 1024;
/** Kept back when a long line is cut: a token that has only begun is not missed by `redact`. */
const OVERLAP = 1024;

/**
 * Turns a byte stream into whole, redacted lines. A carriage return goes back to the start of the line as in
 * a terminal, so of a progress bar only the last state remains.
 */
export class LineWriter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(private readonly write: (lines: string) => void) {}

  push(bytes: Buffer): void {
    this.take(this.decoder.write(bytes));
  }

  /** The stream is over: what is left is a line, too. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== '') this.take('\n');
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    const finished = lines.map(lastState);
    const overwritten = this.rest.lastIndexOf('\r');
    if (overwritten >= 0) {
      this.rest = `${lastState(this.rest.slice(0, overwritten))}\r${this.rest.slice(overwritten + 1)}`;
    }
    if (this.rest.length > LONGEST_LINE) {
      const clean = redact(this.rest);
      finished.push(clean.slice(0, -OVERLAP));
      this.rest = clean.slice(-OVERLAP);
    }
    if (finished.length > 0) this.write(redact(`${finished.join('\n')}\n`));
  }
}

/** The last part between carriage returns that holds something. */
function lastState(line: string): string {
  return line.includes('\r') ? (line.split('\r').findLast((part) => part !== '') ?? '') : line;
}
