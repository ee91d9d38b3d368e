import type { Flavor } from '../../plan/flavor.ts';
import table from './accelerators.json' with { type: 'json' };

/** What one accelerator can do. */
export interface Accelerator {
  /** Memory that a process can have, GiB. */
  usable_gib: number;
  /** Peak of 16-bit matrix products, TFLOP/s. */
  tflops: number;
  /** Share of that peak which the matrix products of a training step reach. */
  reachable: number;
  /** Factor by which `reachable` may be wrong, either way. */
  uncertainty: number;
  /** Of its memory, GB/s. */
  bandwidth_gb_s: number;
  /** What NCCL reaches between several of them in one machine, GB/s of bus bandwidth. */
  link_gb_s: number;
  /** Turing and older compute bf16 by emulation, far slower: such a card trains in fp16, or in fp32 where that overflows. */
  bf16: boolean;
}

/** Of a memory that the table doesn't know, what a process can have. */
const USABLE_SHARE = 0.92;
/** Several cards that talk through the CPU. */
const UNKNOWN_LINK = 5;
/** A card that the table doesn't know: a cautious speed, and what every card computes. */
const UNKNOWN = {
  tflops: 60,
  bandwidth_gb_s: 300,
  link_gb_s: UNKNOWN_LINK,
  reachable: 0.5,
  uncertainty: 4,
  bf16: false,
};

/**
 * What `reachable_from` is worth: fitted to published runs on that card, scaled from another card by a benchmark
 * that ran on both, or taken from similar cards. `npm run bench:time` prints how far published runs were off.
 */
const UNCERTAINTY: Readonly<Record<string, number>> = { runs: 1.3, scaled: 1.5, guess: 1.7 };

/** The accelerator of a flavor; null for a CPU. Names vary ("Nvidia A10G"): the longest that matches is it. */
export function acceleratorOf(flavor: Flavor): Accelerator | null {
  if (flavor.accelerators === 0 || flavor.gpu_memory_gib === null) return null;
  const known = knownAccelerator(flavor.accelerator ?? '');
  const share = flavor.gpu_memory_gib * USABLE_SHARE;
  if (!known) return { ...UNKNOWN, usable_gib: share };
  const { usable_gib, tflops, reachable, bandwidth_gb_s, bf16 } = known;
  // A card of the same name with another memory (A100 40 GB) is the catalogue's word.
  const same = Math.abs(usable_gib - flavor.gpu_memory_gib) < 0.15 * flavor.gpu_memory_gib;
  const uncertainty = UNCERTAINTY[known.reachable_from] ?? UNKNOWN.uncertainty;
  const link_gb_s = known.link_gb_s ?? UNKNOWN_LINK;
  return { usable_gib: same ? usable_gib : share, tflops, reachable, uncertainty, bandwidth_gb_s, link_gb_s, bf16 };
}

/** Whether the table knows the card of a flavor; of a CPU there is none to know. */
export const knowsCard = ({ accelerators, accelerator }: Flavor): boolean =>
  accelerators === 0 || knownAccelerator(accelerator ?? '') !== undefined;

/** The longest names first. */
const KNOWN = table.accelerators
  .map((row) => ({ row, pattern: new RegExp(`(^|[^A-Z0-9])${row.name}([^A-Z0-9]|$)`, 'i') }))
  .sort((a, b) => b.row.name.length - a.row.name.length);

const knownAccelerator = (name: string): (typeof table.accelerators)[number] | undefined =>
  KNOWN.find(({ pattern }) => pattern.test(name))?.row;
