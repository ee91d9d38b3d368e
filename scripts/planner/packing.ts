import { rowLengths } from './padding.ts';
import type { Workload } from './workload.ts';

/** Rows that TRL packs together: `Dataset.map` hands it so many at a time. */
const TOGETHER = 1000;

export const packs = ({ request }: Pick<Workload, 'request'>): boolean => request.set?.packing === true;

/** Sequences of `max_length` that TRL joins these rows to; the rows themselves where it doesn't pack. */
export function packedSequences(
  { request, tokens }: Pick<Workload, 'request' | 'tokens'>,
  rows: number,
  max_length: number,
): number {
  if (rows === 0 || !packs({ request })) return rows;
  const strategy = request.set?.packing_strategy ?? 'bfd';
  if (strategy !== 'bfd') return Math.max(1, Math.ceil((rows * tokens.mean) / max_length));
  const sample = rowLengths(tokens, Math.min(rows, TOGETHER));
  return Math.max(1, Math.ceil((rows * bestFit(sample, max_length)) / sample.length));
}

/** Best-fit decreasing, as TRL's `bfd`: each length into the fullest sequence with room; the overflow is cut. */
function bestFit(lengths: readonly number[], max_length: number): number {
  // Number of sequences by the room that they have left.
  const room = new Array<number>(max_length + 1).fill(0);
  let sequences = 0;
  for (const each of [...lengths].sort((a, b) => b - a)) {
    const length = Math.min(max_length, Math.max(1, Math.round(each)));
    let left = length;
    while (left <= max_length && room[left] === 0) left += 1;
    if (left > max_length) {
      sequences += 1;
      left = max_length;
    } else {
      room[left] = (room[left] ?? 0) - 1;
    }
    room[left - length] = (room[left - length] ?? 0) + 1;
  }
  return sequences;
}
