import { bestNaiveShare, COMMITTED, errorOf, fitTo } from './time/fit.ts';
import { naive, predicted, ROWS, type Row, sourceOf } from './time/rows.ts';

/**
 * Published training steps against our estimate and against the usual rule (6 x parameters x tokens at one share
 * of the peak): the factor by which each is off. Sources are left out of the fit one at a time. `npm run bench:time`.
 */
const LIKE = ROWS.filter(({ kind }) => kind === 'like');
const factor = (ratio: number): number => Math.max(ratio, 1 / ratio);
const quantile = (values: number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)] ?? 0;

function line(name: string, ratios: number[]): string {
  const factors = ratios.map(factor);
  const within = (limit: number): string =>
    `${Math.round((100 * factors.filter((one) => one <= limit).length) / factors.length)}%`.padStart(5);
  const figures = [quantile(factors, 0.5), quantile(factors, 0.9), Math.max(...factors)].map((one) =>
    one.toFixed(2).padStart(6),
  );
  const bias = quantile(ratios, 0.5).toFixed(2).padStart(6);
  return `${name.padEnd(44)}${String(ratios.length).padStart(4)}${bias}${figures.join('')}${within(1.3)}${within(1.5)}`;
}

const head = `${''.padEnd(44)}rows  bias   p50   p90   max <1.3 <1.5`;
const grouped = <T>(rows: readonly Row[], by: (row: Row) => string, value: (row: Row) => T): [string, T[]][] =>
  [...new Set(rows.map(by))].map((name) => [name, rows.filter((row) => by(row) === name).map(value)]);

console.log(`${ROWS.length} published steps, ${LIKE.length} of them as TRL runs: one GPU, nothing compiled\n`);
console.log(`The constants as committed\n${head}`);
for (const [name, ratios] of grouped(LIKE, sourceOf, (row) => errorOf(row, COMMITTED))) console.log(line(name, ratios));
console.log(
  line(
    'all',
    LIKE.map((row) => errorOf(row, COMMITTED)),
  ),
);

console.log(
  `\nEach source predicted by a fit to the others, which starts from nothing; a card of its own gets the A100's share\n${head}`,
);
const leftOut: number[] = [];
const usual: number[] = [];
for (const source of new Set(LIKE.map(sourceOf))) {
  const [others, own] = [
    LIKE.filter((row) => sourceOf(row) !== source),
    LIKE.filter((row) => sourceOf(row) === source),
  ];
  const fit = fitTo(
    others,
    own.map(({ gpu }) => gpu),
  );
  const share = bestNaiveShare(others);
  const [ours, naives] = [own.map((row) => errorOf(row, fit)), own.map((row) => naive(row, share) / row.seconds)];
  leftOut.push(...ours);
  usual.push(...naives);
  console.log(line(source, ours));
  console.log(line(`  the usual rule at ${Math.round(100 * share)}% of the peak`, naives));
}
console.log(line('all', leftOut));
console.log(line('  the usual rule', usual));

console.log(`\nOther stacks, never fitted: what they tell is the spread\n${head}`);
const others = ROWS.filter(({ kind }) => kind !== 'like');
for (const [name, ratios] of grouped(
  others,
  (row) => `${row.kind}: ${sourceOf(row)}, ${row.gpu}`,
  (row) => errorOf(row, COMMITTED),
)) {
  console.log(line(name, ratios));
}
console.log(`\nSeveral GPUs, with what they send each other and without\n${head}`);
const several = ROWS.filter(({ kind }) => kind === 'several');
for (const linked of [true, false])
  for (const [name, ratios] of grouped(
    several,
    sourceOf,
    (row) => predicted(row, undefined, undefined, linked) / row.seconds,
  ))
    console.log(line(`${name}, ${linked ? 'with' : 'without'}`, ratios));

const all = fitTo(LIKE);
console.log('\nFitted to all of them:', JSON.stringify(all.calibration), JSON.stringify(all.reachable));
if (process.argv.includes('--rows')) {
  for (const row of ROWS)
    console.log(`${errorOf(row, COMMITTED).toFixed(2).padStart(6)}  ${row.kind.padEnd(9)} ${row.id}`);
}
