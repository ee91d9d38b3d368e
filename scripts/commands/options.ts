import { TrainerError } from '../errors.ts';

/** What the flags of a command line mean. Each throws TrainerError `usage` with the value that is wrong. */

/** Nobody means more, and what is calculated from it stays a number that JSON can hold. */
const LARGEST = 1e9;

export function positiveInteger(flag: string): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < 1) throw badValue(flag, value, 'a whole number above 0');
    return notTooLarge(flag, Number(value));
  };
}

export function positiveNumber(flag: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === '' || !(number > 0)) throw badValue(flag, value, 'a number above 0');
    return notTooLarge(flag, number);
  };
}

/** A learning rate: above 1, the first step destroys the model. */
export function learningRate(flag: string): (value: string) => number {
  return (value) => {
    const rate = positiveNumber(flag)(value);
    if (rate > 1) throw badValue(flag, value, '1 at the most; usual are 1e-6 to 1e-3');
    return rate;
  };
}

/** Zero is allowed: a cap of nothing. */
export function usd(flag: string): (value: string) => number {
  return (value) => {
    const number = Number(value.replace(/^\$/, ''));
    if (value.trim() === '' || !Number.isFinite(number) || number < 0) throw badValue(flag, value, 'an amount in USD');
    return number;
  };
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90m`, `2h`, `1.5h`, `3600` (seconds), as `hf jobs run --timeout` reads them. Returns seconds. */
export function duration(flag: string): (value: string) => number {
  return (value) => {
    const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(value.trim());
    const seconds = match ? Math.round(Number(match[1]) * (UNITS[match[2] || 's'] ?? 1)) : 0;
    if (seconds < 1) throw badValue(flag, value, 'a time such as 90m, 2h or 3600 (seconds)');
    return notTooLarge(flag, seconds);
  };
}

export const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

function notTooLarge(flag: string, number: number): number {
  if (number > LARGEST) throw badValue(flag, String(number), 'a billion at the most');
  return number;
}

function badValue(flag: string, value: string, expected: string): TrainerError {
  return new TrainerError(
    'usage',
    'bad_value',
    `${flag} ${value}: expected ${expected}`,
    `Change ${flag} and try again.`,
  );
}
