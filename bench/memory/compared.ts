import { allocatedGib, reservedGib, totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { type Comparable, readPublished } from './published.ts';
import { cachedByRun } from './reserved.ts';
import { wholeLogitsGib } from './whole-logits.ts';

export interface Compared extends Comparable {
  /** What we say of what was measured, GiB. */
  ours: number;
  /** What we say that the process takes of the card, GiB. */
  total: number;
  /** The same by the measurement, with what it leaves out as we count that. */
  taken: number;
  /** The same, of a figure that was rounded or whose unit isn't certain the largest that it can be. */
  taken_at_most: number;
  /** As a share: 0.05 is an estimate 5% too high. */
  error: number;
}

/** Published runs on one accelerator, beside our estimate of the same run: its adapters, its loss, its cache. */
export function comparedRuns(): Compared[] {
  const cached = cachedByRun();
  return readPublished().flatMap((entry) => {
    if (!('input' in entry)) return [];
    const { row, input, whole_logits, counted } = entry;
    const parts = trainingMemory(input);
    const logits = whole_logits ? wholeLogitsGib(input, whole_logits) : 0;
    // What the allocator keeps depends on the run's own loss: by its rules where they were followed, else as in our runs.
    const cache = (cached.get(row.id) ?? parts.fragmentation) - parts.fragmentation;
    const counts = { reserved: reservedGib, used: totalGib, allocated: allocatedGib, unstated: allocatedGib };
    const holds = counted === 'reserved' || counted === 'used' ? cache : 0;
    const ours = counts[counted](parts) + logits + holds;
    const total = totalGib(parts) + logits + cache;
    const taken = row.measured_peak_gib + total - ours;
    const taken_at_most = Math.max(taken, (row.measured_at_most_gib ?? 0) + total - ours);
    return [{ ...entry, ours, total, taken, taken_at_most, error: ours / row.measured_peak_gib - 1 }];
  });
}
