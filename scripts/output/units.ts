import { grouped } from '../printable.ts';
/** How quantities are written for people. */

/** Seconds as `45 s`, `12 min`, `3 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** USD; cents, and fractions of a cent never shown as nothing. */
export function money(usd: number): string {
  return usd > 0 && usd < 0.01 ? 'less than $0.01' : `$${usd.toFixed(2)}`;
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
