import { expect, it } from 'vitest';
import type { Progress } from '../../scripts/dataset/checked.ts';
import { createOutput } from '../../scripts/output/output.ts';
import { progressLine, rowProgress } from '../../scripts/output/row-progress.ts';

it.each<[Progress, number, string]>([
  [
    { rows: 250_000, rows_total: 1_000_000, share: 0.25 },
    2,
    '[######------------------] 25%  250,000 of 1,000,000 rows  125,000 rows/s  6 s left',
  ],
  [
    { rows: 1000, rows_total: null, share: 0.5 },
    10,
    '[############------------] 50%  1,000 rows  100 rows/s  10 s left',
  ],
  [{ rows: 300, rows_total: 900, share: null }, 3, '300 of 900 rows  100 rows/s'],
  [{ rows: 0, rows_total: 900, share: 0 }, 0, '[------------------------] 0%  0 of 900 rows'],
  [{ rows: 9, rows_total: 9, share: 1 }, 3, '[########################] 100%  9 of 9 rows  3 rows/s  0 s left'],
])('%j after %i s', (done, seconds, line) => {
  expect(progressLine(done, seconds)).toBe(line);
});

/** What stderr gets while rows come for 25 seconds, ten times a second. */
function told(isTTY: boolean): { stdout: string; writes: string[] } {
  const writes: string[] = [];
  let stdout = '';
  const out = createOutput({
    json: true,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => writes.push(text), isTTY, columns: 40 },
  });
  let time = 0;
  const progress = rowProgress(out, () => new Date(time));
  for (; time <= 25_000; time += 100) progress({ rows: time, rows_total: 50_000, share: time / 50_000 });
  out.progress('');
  return { stdout, writes };
}

it('is one line in a terminal, that replaces itself, fits, and is gone at the end', () => {
  const { stdout, writes } = told(true);
  expect(stdout).toBe('');
  expect(writes.length).toBeGreaterThan(400);
  expect(writes.filter((text) => text.includes('\n'))).toEqual([]);
  expect(Math.max(...writes.map((text) => text.length))).toBeLessThan(40);
  expect(writes.at(-1)).toBe('\r\u001b[2K');
});

it('is a line every ten seconds elsewhere', () => {
  const { stdout, writes } = told(false);
  expect(stdout).toBe('');
  expect(writes).toEqual([
    '[#####-------------------] 20%  10,000 of 50,000 rows  1,000 rows/s  40 s left\n',
    '[##########--------------] 40%  20,000 of 50,000 rows  1,000 rows/s  30 s left\n',
  ]);
});
