import { grouped } from '../printable.ts';

/** How quantities are written for people. */

/** From so many hours on, days are easier to read. */
const HOURS = 72;

/** Seconds as `45 s`, `12 min`, `3 h 05 min`, `4 days 6 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours >= HOURS) return `${grouped(Math.floor(hours / 24))} days${hours % 24 > 0 ? ` ${hours % 24} h` : ''}`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** USD; cents, and fractions of a cent never shown as nothing. */
export function money(usd: number): string {
  if (usd > 0 && usd < 0.01) return 'less than $0.01';
  const [dollars, cents] = usd.toFixed(2).split('.');
  return `$${grouped(Number(dollars))}.${cents}`;
}

/** 596049920 -> `596M`. */
export function count(value: number): string {
  const units: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ];
  const [size, unit] = units.find(([threshold]) => value >= threshold) ?? [1, ''];
  const scaled = value / size;
  return `${scaled < 10 && unit ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** A learning rate as people write it: `2e-5`, `2.5e-4`, `0.003`. */
export function rate(value: number): string {
  return value < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, 'e') : String(Number(value.toPrecision(3)));
}

/** `1 row`, `1,200 rows`. */
export const many = (number: number, what: string): string => `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
