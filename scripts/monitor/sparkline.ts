const BARS = '▁▂▃▄▅▆▇█';

/** Values as one line of blocks, at most `width` wide: each block is the mean of its share of the values. */
export function sparkline(values: readonly number[], width: number): string {
  const columns = Math.min(width, values.length);
  if (columns === 0) return '';
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const share = values.slice(from, to);
    return share.reduce((sum, value) => sum + value, 0) / share.length;
  });
  const low = Math.min(...means);
  const span = Math.max(...means) - low;
  return means
    .map((mean) => BARS[span === 0 ? 0 : Math.min(BARS.length - 1, Math.floor(((mean - low) / span) * BARS.length))])
    .join('');
}
