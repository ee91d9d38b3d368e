import { TrainerError } from '../errors.ts';
import { readCatalogue } from '../jobs/hf/catalogue.ts';
import { type LeftOut, leftOutNotes } from '../jobs/hf/left-out.ts';
import type { Flavor } from '../plan/flavor.ts';
import { SNAPSHOT } from '../planner/hardware/snapshot.ts';
import type { CommandContext } from './context.ts';

/** The flavors of Jobs with their prices. */
export interface Priced {
  flavors: readonly Flavor[];
  leftOut: readonly LeftOut[];
  price: { source: 'live' | 'snapshot'; as_of: string };
  notes: string[];
}

/** Somebody waits for a card, and there is a snapshot to go on with. */
const PATIENCE_MS = 12_000;

/** Live, or the dated snapshot where the catalogue can't be read: good for a plan, not for `submit`. */
export async function catalogue({ hub, now }: Pick<CommandContext, 'hub' | 'now'>): Promise<Priced> {
  try {
    const { flavors, leftOut } = await readCatalogue(hub, PATIENCE_MS);
    return { flavors, leftOut, price: { source: 'live', as_of: now().toISOString() }, notes: leftOutNotes(leftOut) };
  } catch (error) {
    if (!(error instanceof TrainerError) || error.kind !== 'network') throw error;
    const { flavors, as_of } = SNAPSHOT;
    const note = `The prices are those of ${as_of}: ${error.message}. submit reads the catalogue again, and refuses without it`;
    return { flavors, leftOut: [], price: { source: 'snapshot', as_of }, notes: [note] };
  }
}
