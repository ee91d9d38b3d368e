import type { TokenStatistics } from '../../dataset/report.ts';
import type { ModelFacts } from '../model-facts.ts';
import type { Workload } from '../workload.ts';
import apart from './packed-architectures.json' with { type: 'json' };
import { rowLengths } from './padding.ts';

/** Rows that TRL packs together: `Dataset.map` hands it so many at a time. */
const TOGETHER = 1000;
/** Fewer rows in a sequence than this leave little padding to save. */
const LEAST_ROWS = 1.25;
/** More are more than an optimizer step should learn from at once. */
const MOST_ROWS = 16;
/** Tokens of a packed sequence: its attention mask grows with their square. */
const MOST_TOKENS = 4096;

export const packs = ({ request, packing }: Pick<Workload, 'request' | 'packing'>): boolean =>
  (request.set?.packing ?? packing) === true;

/** Whether this model computes for packed rows what it computes for the same rows one by one. */
export const keepsApart = ({ architecture, layout }: Pick<ModelFacts, 'architecture' | 'layout'>): boolean =>
  !layout.linear_attention && apart.architectures.includes(architecture);

/**
 * Whether packing is worth trying: supervised fine-tuning on text, a model that keeps packed rows apart, and rows of
 * which a sequence holds some, but not more than a step should learn from. Whether it is faster, the search sees.
 */
export function mayPack(work: Workload, max_length: number): boolean {
  const { method, report, facts, request, rows } = work;
  const { packing, per_device_train_batch_size, gradient_accumulation_steps } = request.set ?? {};
  // Whoever gives a batch means rows.
  const given = [packing, per_device_train_batch_size, gradient_accumulation_steps].some((one) => one !== undefined);
  if (method !== 'sft' || report.vision || given) return false;
  if (facts.layout.attention !== 'sdpa' || !keepsApart(facts) || max_length > MOST_TOKENS) return false;
  const together = rows / packedSequences({ ...work, packing: true }, rows, max_length);
  return together >= LEAST_ROWS && together <= MOST_ROWS;
}

/** Sequences of `max_length` that TRL joins these rows to; the rows themselves where it doesn't pack. */
export function packedSequences(
  work: Pick<Workload, 'request' | 'tokens' | 'packing'>,
  rows: number,
  max_length: number,
): number {
  if (rows === 0 || !packs(work)) return rows;
  const { request, tokens } = work;
  const strategy = request.set?.packing_strategy ?? 'bfd';
  if (strategy !== 'bfd') return Math.max(1, Math.ceil((rows * tokens.mean) / max_length));
  const sample = Math.min(rows, TOGETHER);
  return Math.max(1, Math.ceil((rows * packedSample(tokens, sample, max_length)) / sample));
}

const packedSamples = new WeakMap<TokenStatistics, Map<string, number>>();

/** Sequences that so many rows are packed to: asked for each batch of each flavor, and worked out once. */
function packedSample(tokens: TokenStatistics, rows: number, max_length: number): number {
  const known = packedSamples.get(tokens) ?? new Map<string, number>();
  packedSamples.set(tokens, known);
  const key = `${rows} ${max_length}`;
  const sequences = known.get(key) ?? bestFit(rowLengths(tokens, rows), max_length);
  known.set(key, sequences);
  return sequences;
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
