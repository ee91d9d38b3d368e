import type { Flavor } from '../../scripts/plan/flavor.ts';
import { acceleratorOf } from '../../scripts/planner/hardware/accelerator.ts';
import table from '../../scripts/planner/hardware/accelerators.json' with { type: 'json' };
import catalogue from '../../scripts/planner/hardware/flavors.json' with { type: 'json' };
import { memoryFor } from '../../scripts/planner/search/footprint.ts';

export interface Card {
  name: string;
  /** Memory that a process can have, GiB. */
  usable_gib: number;
}

/** Cards that are rented out singly, or that the planner knows as a machine's own; the smallest first. */
export const CARDS: readonly Card[] = [
  ...(catalogue.flavors as Flavor[]).flatMap((flavor) => {
    const accelerator = flavor.accelerators === 1 ? acceleratorOf(flavor) : null;
    return accelerator ? [{ name: flavor.name, usable_gib: accelerator.usable_gib }] : [];
  }),
  ...table.accelerators.filter(({ usable_gib }) => usable_gib > 0),
].sort((a, b) => a.usable_gib - b.usable_gib);

/** The smallest card that a plan would take for an estimate, GiB; null where none is large enough. */
export const cardFor = (gib: number): Card | null =>
  CARDS.find(({ usable_gib }) => memoryFor(gib) <= usable_gib) ?? null;

/** Of the card that a run is said to have been on, as it is named there: "A100-SXM4-40GB"; null where it isn't known. */
export function measuredOn(name: string | null | undefined): Card | null {
  const memory = /(\d+) ?GB/.exec(name ?? '')?.[1];
  if (!name || !memory) return null;
  const accelerator = acceleratorOf({
    name,
    label: name,
    accelerator: name,
    accelerators: 1,
    gpu_memory_gib: Number(memory),
    cpus: 1,
    ram_gib: 1,
    disk_gib: null,
    usd_per_hour: 0,
  });
  return accelerator && { name, usable_gib: accelerator.usable_gib };
}
