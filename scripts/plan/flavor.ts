/** One kind of machine that can be rented, or this one. Sizes are GiB as the catalogue prints them. */
export interface Flavor {
  /** As `hf jobs run --flavor` takes it. */
  name: string;
  /** For people: `Nvidia T4 - small`. */
  label: string;
  /** e.g. `T4`, `A10G`, `H200`; null for a CPU. */
  accelerator: string | null;
  accelerators: number;
  /** Memory of one accelerator; null for a CPU. */
  gpu_memory_gib: number | null;
  cpus: number;
  ram_gib: number;
  /** null where the catalogue doesn't say. */
  disk_gib: number | null;
  usd_per_hour: number;
}

/** Why a plan goes to a flavor that nobody asked for and no search chose. */
export const KEPT_FLAVOR = 'as in the plan that this one starts from';
