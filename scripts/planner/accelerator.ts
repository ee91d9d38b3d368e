import type { Flavor } from '../plan/flavor.ts';
import table from './accelerators.json' with { type: 'json' };

/** What one accelerator can do. */
export interface Accelerator {
  /** Memory that a process can have, GiB. */
  usable_gib: number;
  /** Peak of 16-bit matrix products, TFLOP/s. */
  tflops: number;
  /** Turing and older compute bf16 by emulation, far slower: such a card trains in fp16. */
  bf16: boolean;
}

/** Of a card that the table doesn't know: most of its memory, and a cautious speed. */
const UNKNOWN = { share: 0.92, tflops: 60 };

/** The accelerator of a flavor; null for a CPU. Names vary ("Nvidia A10G"): the longest that matches is it. */
export function acceleratorOf(flavor: Flavor): Accelerator | null {
  if (flavor.accelerators === 0 || flavor.gpu_memory_gib === null) return null;
  const name = flavor.accelerator ?? '';
  const known = table.accelerators
    .filter((row) => new RegExp(`(^|[^A-Z0-9])${row.name}([^A-Z0-9]|$)`, 'i').test(name))
    .sort((a, b) => b.name.length - a.name.length)[0];
  const share = flavor.gpu_memory_gib * UNKNOWN.share;
  if (!known) return { usable_gib: share, tflops: UNKNOWN.tflops, bf16: true };
  // A card of the same name with another memory (A100 40 GB) is the catalogue's word.
  const same = Math.abs(known.usable_gib - flavor.gpu_memory_gib) < 0.15 * flavor.gpu_memory_gib;
  return { usable_gib: same ? known.usable_gib : share, tflops: known.tflops, bf16: known.bf16 };
}
