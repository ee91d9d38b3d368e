import { redact } from '../redact.ts';

/**
 * Where a command's words go. stdout carries the result alone: one JSON document with `--json` (one a line
 * where it follows), else text for a person. Everything on the way goes to stderr. No token passes.
 */
export interface Output {
  readonly json: boolean;
  /** stdout is a terminal: colours and a sparkline are welcome. */
  readonly terminal: boolean;
  /** stderr is a terminal: progress replaces itself there. */
  readonly live: boolean;
  /** Columns of the terminal, 100 where there is none. */
  readonly width: number;
  /** The command's result, once. */
  result(value: unknown, render: () => string): void;
  /** One of many results, for commands that follow: a JSON line, or the text. */
  line(value: unknown, text: string): void;
  /** Progress, on stderr. */
  say(text: string): void;
  /** Progress that replaces itself in a terminal, and is left out elsewhere. Empty text clears it. */
  progress(text: string): void;
}

/** As much of a writable stream of Node as is used. */
export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

export function createOutput(options: { json: boolean; stdout: Stream; stderr: Stream }): Output {
  const { json, stdout, stderr } = options;
  const print = (stream: Stream, text: string): void => {
    stream.write(`${redact(text)}\n`);
  };
  const width = stdout.columns ?? 100;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stderr.write('\r\u001b[2K');
    drawn = false;
  };
  return {
    json,
    terminal: stdout.isTTY === true && !json,
    live: stderr.isTTY === true,
    width,
    result: (value, render) => print(stdout, json ? JSON.stringify(value, null, 2) : render()),
    line: (value, text) => print(stdout, json ? JSON.stringify(value) : text),
    say: (text) => {
      clear();
      print(stderr, text);
    },
    progress: (text) => {
      if (stderr.isTTY !== true) return;
      clear();
      if (text === '') return;
      stderr.write(redact(text.slice(0, (stderr.columns ?? 100) - 1)));
      drawn = true;
    },
  };
}
