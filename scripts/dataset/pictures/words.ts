import { grouped } from '../../printable.ts';
import type { PictureStatistics } from '../report.ts';

/** `1 a row, up to 3840x2160 = 8,160 tokens`; without a model as far as the sizes. */
export function pictureWords({ per_row, largest, unsized, seen, counted }: PictureStatistics): string {
  const row = `${per_row > 1 ? 'up to ' : ''}${per_row} a row`;
  const size = largest === null ? 'of unknown size' : `up to ${largest.width}x${largest.height}`;
  const some = unsized > 0 && unsized < seen ? ', some of unknown size' : '';
  if (!counted) return `${row}, ${size}${some}`;
  const tokens = `${grouped(counted.largest)} tokens`;
  const each = unsized > 0 || largest === null ? `up to ${tokens} each` : `${size} = ${tokens}`;
  return `${row}, ${each}${per_row > 1 ? `, ${grouped(counted.most.tokens)} a row` : ''}`;
}
