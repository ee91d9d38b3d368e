/** Errors as shares: 0.05 is an estimate 5% too high. */
export interface Errors {
  count: number;
  /** Median and 90th percentile of their sizes. */
  median: number;
  p90: number;
  lowest: number;
  highest: number;
}

export function summary(errors: readonly number[]): Errors {
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const at = (share: number): number => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))] ?? 0;
  return {
    count: errors.length,
    median: at(0.5),
    p90: at(0.9),
    lowest: Math.min(...errors),
    highest: Math.max(...errors),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`.padStart(8);

export function line(name: string, errors: readonly number[]): string {
  const { count, median, p90, lowest, highest } = summary(errors);
  return `${name.padEnd(50)}${String(count).padStart(5)}${[median, p90, lowest, highest].map(percent).join('')}`;
}

export const HEADER = `${''.padEnd(50)}${' rows'}${['median', 'p90', 'lowest', 'highest'].map((name) => name.padStart(8)).join('')}`;

export function grouped<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}
