/**
 * Coefficients of zero or more that bring `rows` x coefficients nearest to `targets`: least squares, from which the most
 * negative coefficient is left out until none is.
 */
export function nonNegativeLeastSquares(rows: readonly number[][], targets: readonly number[]): number[] {
  const width = rows[0]?.length ?? 0;
  let active = [...Array(width).keys()].filter((column) => rows.some((row) => (row[column] ?? 0) !== 0));
  for (;;) {
    const found = solve(
      active.map((a) => active.map((b) => dot(rows, a, b))),
      active.map((a) => rows.reduce((sum, row, index) => sum + (row[a] ?? 0) * (targets[index] ?? 0), 0)),
    );
    const worst = found.reduce((least, value, index) => (value < (found[least] ?? 0) ? index : least), 0);
    if ((found[worst] ?? 0) >= 0) {
      return [...Array(width).keys()].map((column) => found[active.indexOf(column)] ?? 0);
    }
    active = active.filter((_, index) => index !== worst);
  }
}

const dot = (rows: readonly number[][], a: number, b: number): number =>
  rows.reduce((sum, row) => sum + (row[a] ?? 0) * (row[b] ?? 0), 0);

/** Gauss elimination with a touch of ridge, for columns that say the same. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, index) => [
    ...row.map((value, column) => (column === index ? value * (1 + 1e-9) : value)),
    right[index] ?? 0,
  ]);
  for (let step = 0; step < size; step += 1) {
    const pivot = rows[step] ?? [];
    for (let below = step + 1; below < size; below += 1) {
      const row = rows[below] ?? [];
      const factor = (row[step] ?? 0) / (pivot[step] || 1);
      for (let column = step; column <= size; column += 1)
        row[column] = (row[column] ?? 0) - factor * (pivot[column] ?? 0);
    }
  }
  const found: number[] = Array(size).fill(0);
  for (let step = size - 1; step >= 0; step -= 1) {
    const row = rows[step] ?? [];
    let value = row[size] ?? 0;
    for (let column = step + 1; column < size; column += 1) value -= (row[column] ?? 0) * (found[column] ?? 0);
    found[step] = value / (row[step] || 1);
  }
  return found;
}
