import type { Flavor } from '../../plan/flavor.ts';
import type { Recipe } from '../../plan/schema.ts';
import { acceleratorOf } from '../hardware/accelerator.ts';
import { savesOf } from '../recipe/checkpoints.ts';
import { launched, type Strategy } from '../recipe/launch.ts';
import { usesVllm, withVllm } from '../recipe/vllm.ts';
import { buildRecipe, type Mode } from '../recipe.ts';
import { numberOr, type Target } from '../workload.ts';
import { type Candidate, priced, type SearchInput } from './candidate.ts';
import { footprint } from './footprint.ts';

/** What is tried on a flavor. */
export interface Way {
  mode: Mode;
  target: Target;
  strategy: Strategy;
  /** Whether rows are packed; as asked for, if not said. */
  packing?: boolean;
  /** Sequences side by side on each accelerator. */
  batch: number;
  /** Whether vLLM writes the answers, where any are written. */
  vllm: boolean;
  /** Whether activations are computed again in the backward pass. */
  checkpointing: boolean;
}

/** The most work between two checkpoints, by the estimate, but where they would take more than this share of it. */
const CHECKPOINT_SECONDS = 1800;
const CHECKPOINT_SHARE = 0.1;

export const processesOn = ({ accelerators }: Flavor): number => Math.max(1, accelerators);

/** The candidate that goes this way, with five checkpoints; null where memory, RAM or disk are too small for it. */
export function going(input: SearchInput, flavor: Flavor, way: Way, save_every?: number): Candidate | null {
  const { packing, batch, strategy } = way;
  const work = packing === undefined ? input.work : { ...input.work, packing };
  // A machine of one's own has other work, and starts processes in another way on macOS and Windows.
  const cpus = input.backend === 'hf' ? flavor.cpus : 1;
  const choice = { ...input, ...way, batch, processes: processesOn(flavor), cpus };
  const recipe = buildRecipe(work, save_every === undefined ? choice : { ...choice, save_every });
  const gpu = way.vllm ? acceleratorOf(flavor) : null;
  const answered = gpu ? withVllm(work, recipe, gpu.usable_gib) : recipe;
  return fitting({ ...input, work }, flavor, launched(answered, strategy), strategy);
}

function fitting(input: SearchInput, flavor: Flavor, recipe: Recipe, strategy: Strategy): Candidate | null {
  const fits = footprint({ ...input, flavor, recipe, strategy });
  return fits ? priced(input, { flavor, strategy, recipe, memory: fits.memory, gpu_memory_gib: fits.gib }) : null;
}

/** The same with a checkpoint so often that little work is ever lost, but not so often that writing them is much of it. */
export function withCheckpoints(input: SearchInput, candidate: Candidate, way: Way): Candidate | null {
  const { training, generation, evaluation, checkpoints } = candidate.time.parts;
  const { total_steps, training_args } = candidate.recipe;
  const step = (training + generation + evaluation) / total_steps;
  const every = numberOr(training_args.save_steps, 1);
  const most = Math.max(1, Math.floor(CHECKPOINT_SECONDS / step));
  const least = Math.ceil(checkpoints / Math.max(1, savesOf(candidate.recipe)) / CHECKPOINT_SHARE / step);
  const wanted = Math.min(total_steps, Math.max(least, Math.min(every, most)));
  return wanted === every ? candidate : going(input, candidate.flavor, way, wanted);
}

/** The way of a candidate. */
export function wayOf({ recipe, strategy }: Candidate, target: Target): Way {
  const { training_args: args } = recipe;
  return {
    ...{ mode: recipe.mode, target, strategy },
    packing: args.packing === true,
    batch: numberOr(args.per_device_train_batch_size, 1),
    vllm: usesVllm(recipe),
    checkpointing: args.activation_checkpointing !== false,
  };
}
