import type { Progress } from '../dataset/checked.ts';
import { grouped } from '../printable.ts';
import type { Output } from './output.ts';
import { duration } from './units.ts';

const REDRAW_MS = 100;
/** Where no line can be replaced, one that says where it is comes so often. */
const LINE_MS = 10_000;
const BAR = 24;

/** Shows on stderr how far the reading of rows is: a bar in a terminal, else now and then a line. */
export function rowProgress(out: Output, now: () => Date): (done: Progress) => void {
  const began = now().getTime();
  let last = began;
  return (done) => {
    const time = now().getTime();
    if (time - last < (out.live ? REDRAW_MS : LINE_MS)) return;
    last = time;
    const line = progressLine(done, (time - began) / 1000);
    if (out.live) out.progress(line);
    else out.say(line);
  };
}

/** `[######------] 25%  250,000 of 1,000,000 rows  120,000 rows/s  6 s left`. */
export function progressLine({ rows, rows_total, share }: Progress, seconds: number): string {
  const count = (value: number): string => grouped(Math.round(value));
  const full = Math.round(BAR * (share ?? 0));
  return [
    ...(share === null
      ? []
      : [`[${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${Math.floor(100 * share).toString()}%`]),
    `${count(rows)}${rows_total === null ? '' : ` of ${count(rows_total)}`} rows`,
    ...(seconds > 0 ? [`${count(rows / seconds)} rows/s`] : []),
    ...(share !== null && share > 0.01 ? [`${duration((seconds / share) * (1 - share))} left`] : []),
  ].join('  ');
}
