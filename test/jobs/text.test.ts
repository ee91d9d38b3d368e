import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLines } from '../../scripts/jobs/local/follow.ts';
import { LineWriter } from '../../scripts/jobs/local/line-writer.ts';
import { registerSecret } from '../../scripts/redact.ts';

describe('LineWriter', () => {
  const written = (chunks: (string | Buffer)[]): string => {
    let all = '';
    const writer = new LineWriter((lines) => {
      all += lines;
    });
    for (const chunk of chunks) writer.push(Buffer.from(chunk));
    writer.end();
    return all;
  };
  const euro = Buffer.from('€');
  registerSecret('open-sesame');

  const cases: [string, (string | Buffer)[], string][] = [
    ['lines', ['a\nb\n'], 'a\nb\n'],
    ['a last line without its end', ['a\nb'], 'a\nb\n'],
    ['pieces of a line', ['a', 'b', 'c\nd', '\n'], 'abc\nd\n'],
    ['empty lines', ['a\n\nb\n'], 'a\n\nb\n'],
    ['nothing', [], ''],
    ['half a character', [euro.subarray(0, 1), euro.subarray(1), '\n'], '€\n'],
    ['a character that never ends', [euro.subarray(0, 2)], '\ufffd\n'],
    ['Windows line ends', ['a\r\nb\r\n'], 'a\nb\n'],
    ['a Windows line end in two pieces', ['a\r', '\nb'], 'a\nb\n'],
    ['a progress bar: its last state', ['  1%\r  2%', '\r', ' 99%\r100%\n'], '100%\n'],
    ['a progress bar that is cleared', ['50%\r100%\r\n'], '100%\n'],
    ['a token', ['x hf_abcdefghijklmnop y\n'], 'x [redacted] y\n'],
    ['a token in pieces', ['x hf_abcdef', 'ghijklmnop y\n'], 'x [redacted] y\n'],
    ['a known secret in pieces', ['open', '-ses', 'ame'], '[redacted]\n'],
  ];
  it.each(cases)('%s', (_, chunks, expected) => expect(written(chunks)).toBe(expected));

  it('does not keep a line that never ends', () => {
    const out: string[] = [];
    const writer = new LineWriter((lines) => out.push(lines));
    for (let n = 0; n < 30; n++) writer.push(Buffer.alloc(100_000, 'x'));
    expect(out.length).toBeGreaterThan(1);
    writer.end();
    expect(out.join('').replaceAll('\n', '')).toHaveLength(3_000_000);
  });

  it('finds a token across the cut of a long line', () => {
    const token = 'hf_abcdefghijklmnopqrstuvwxyz';
    const long = 'x'.repeat(1024 * 1024);
    for (let after = 1024 - token.length; after <= 1024; after += 3) {
      const all = written([`${long} ${token} ${'y'.repeat(after - 1)}`]);
      expect(all.replaceAll('\n', '')).toBe(`${long} [redacted] ${'y'.repeat(after - 1)}`);
    }
  });
});

describe('followLines', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'follow-'));
    path = join(folder, 'log.txt');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Each step writes something; the file is over after the last. */
  async function follow(steps: (string | Buffer)[], tail?: number): Promise<string[]> {
    const left = [...steps];
    const isOver = async () => {
      const next = left.shift();
      if (next !== undefined) appendFileSync(path, next);
      return left.length === 0;
    };
    const all: string[] = [];
    for await (const line of followLines(path, { isOver, tail, poll_ms: 1 })) all.push(line);
    return all;
  }
  const euro = Buffer.from('€');

  const cases: [string, (string | Buffer)[], number | undefined, string[]][] = [
    ['what is there', ['a\nb\n'], undefined, ['a', 'b']],
    ['what comes', ['a\n', 'b\n', '', 'c\n'], undefined, ['a', 'b', 'c']],
    ['half lines', ['a', 'b\nc', 'd\n'], undefined, ['ab', 'cd']],
    ['half characters', [euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2), '\n'], undefined, ['€']],
    ['a last line without its end', ['a\nb'], undefined, ['a', 'b']],
    ['nothing', [''], undefined, []],
    ['the last two', ['a\nb\nc\n'], 2, ['b', 'c']],
    ['the last two and what comes', ['a\nb\nc\n', 'd\n'], 2, ['b', 'c', 'd']],
    ['the last one without its end', ['a\nb'], 1, ['b']],
    ['none of what is there', ['a\nb\n', 'c\n'], 0, ['c']],
    ['more than there are', ['a\n'], 5, ['a']],
  ];
  it.each(cases)('%s', async (_, steps, tail, expected) => expect(await follow(steps, tail)).toEqual(expected));

  it('of a file that is not there yet', async () => {
    let asked = 0;
    const isOver = async () => {
      if (++asked === 2) writeFileSync(path, 'late\n');
      return asked > 2;
    };
    const all: string[] = [];
    for await (const line of followLines(path, { isOver, poll_ms: 1 })) all.push(line);
    expect(all).toEqual(['late']);
  });
});
