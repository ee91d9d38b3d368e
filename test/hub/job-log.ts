import { StringDecoder } from 'node:string_decoder';

export interface LogLine {
  data: string;
  /** ISO 8601. */
  timestamp: string;
}

/** The lines that a job printed, to be read while it goes on. */
export class JobLog {
  readonly lines: LogLine[] = [];
  #ended = false;
  #waiting: (() => void)[] = [];

  add(data: string): void {
    this.lines.push({ data, timestamp: new Date().toISOString() });
    this.#wake();
  }

  /** No more lines come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Takes the chunks of one output stream; stdout and stderr each need one of their own. */
  splitter(): { write(chunk: Buffer): void; end(): void } {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    return {
      write: (chunk) => {
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.add(line);
      },
      end: () => {
        rest += decoder.end();
        if (rest !== '') this.add(rest);
        rest = '';
      },
    };
  }

  /** From line `from` on, until the log has ended or `signal` says to stop. */
  async *follow(from: number, signal: AbortSignal): AsyncGenerator<LogLine> {
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (let index = from; !signal.aborted; ) {
        const line = this.lines[index];
        if (line) {
          index += 1;
          yield line;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
