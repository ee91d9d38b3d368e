import type { Flavor } from '../../plan/flavor.ts';
import type { Recipe } from '../../plan/schema.ts';
import { acceleratorOf } from '../hardware/accelerator.ts';
import type { MemoryParts } from '../memory.ts';
import { launched, type Strategy, strategiesFor } from '../recipe/launch.ts';
import { packedSequences } from '../recipe/packing.ts';
import { batchesFor } from '../recipe/steps.ts';
import { withVllm, writersFor } from '../recipe/vllm.ts';
import { buildRecipe, type Mode } from '../recipe.ts';
import type { Target } from '../workload.ts';
import type { SearchInput } from './candidate.ts';
import { fillable, type Lack, measured } from './footprint.ts';

/** Where work is tried. */
export interface Place {
  flavor: Flavor;
  target: Target;
}

/** What the work takes on a machine in the smallest batch, and what of it is too small. */
export interface Shortage {
  flavor: Flavor;
  recipe: Recipe;
  /** Devices that have a process each. */
  devices: number;
  batch: number;
  memory: MemoryParts;
  gib: number;
  /** What a process may fill of a device's memory, GiB. */
  fillable: number;
  /** Null where it fits, and is not taken for another reason. */
  lack: Lack | null;
}

/**
 * Of all that a search tries in these places, what comes nearest to fitting; null where it tries nothing, since every
 * mode needs another GPU.
 */
export function nearestToFitting(input: SearchInput, places: readonly Place[]): Shortage | null {
  const all = places.flatMap((place) =>
    input.modes
      .filter((mode) => mode !== 'qlora' || place.target.bf16)
      .flatMap((mode) =>
        strategiesFor(input.work, mode, place.target, place.flavor.accelerators).flatMap(
          (strategy) => shortage(input, place, mode, strategy) ?? [],
        ),
      ),
  );
  const [first, ...others] = all;
  return first ? others.reduce((nearest, one) => (missing(one) < missing(nearest) ? one : nearest), first) : null;
}

/** How far it is from fitting: what it takes of the memory that may be filled, the less the better; RAM and disk last. */
const missing = ({ lack, gib, fillable: most }: Shortage): number =>
  lack?.what === 'memory' ? gib / Math.max(most, Number.EPSILON) : lack === null ? 0 : 0.5;

/** Null where no answers can be written as asked for. */
function shortage(input: SearchInput, { flavor, target }: Place, mode: Mode, strategy: Strategy): Shortage | null {
  const { work, max_length, epochs, backend } = input;
  const devices = Math.max(1, flavor.accelerators);
  const [vllm] = writersFor(work, { mode, target }, devices, backend);
  if (vllm === undefined) return null;
  const sequences = packedSequences(work, work.rows, max_length);
  const batch = Math.min(...batchesFor(work, sequences, devices));
  const built = buildRecipe(work, { mode, target, batch, max_length, epochs, processes: devices });
  const usable = acceleratorOf(flavor)?.usable_gib ?? flavor.ram_gib;
  const recipe = launched(vllm ? withVllm(work, built, usable) : built, strategy);
  const taken = measured({ work, recipe, flavor, strategy, max_length, backend });
  return { flavor, recipe, devices, batch, ...taken, fillable: fillable(usable) };
}
