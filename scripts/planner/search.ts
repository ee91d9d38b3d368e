import type { Flavor } from '../plan/flavor.ts';
import type { Recipe } from '../plan/schema.ts';
import { acceleratorOf } from './hardware/accelerator.ts';
import { savesOf } from './recipe/checkpoints.ts';
import { launched, type Strategy, strategiesFor } from './recipe/launch.ts';
import { mayPack, packedSequences } from './recipe/packing.ts';
import { batchesFor, effectiveBatch } from './recipe/steps.ts';
import { withVllm, writersFor } from './recipe/vllm.ts';
import { buildRecipe, checkpoints, type Mode } from './recipe.ts';
import { cents } from './rounding.ts';
import { type Candidate, priced, type SearchInput } from './search/candidate.ts';
import { footprint } from './search/footprint.ts';
import { numberOr, type Target, type Workload } from './workload.ts';

/** The most work between two checkpoints, by the estimate, but where they would take more than this share of it. */
const CHECKPOINT_SECONDS = 1800;
const CHECKPOINT_SHARE = 0.1;
/** Where activations are kept: they are most of it, and the estimate is worst for them. */
const KEPT_FILL = 0.75;
/** A smaller batch has to be worth it, and packing more: a step then holds rows as they fit, not so many. */
const FASTER = 0.95;
const PACKED_FASTER = 0.85;
/** A rented CPU is offered for tiny models and short runs alone: nobody waits hours to save cents. */
const CPU = { below_parameters: 100e6, seconds: 1800 };

/** What is tried on a flavor. */
interface Way {
  mode: Mode;
  target: Target;
  strategy: Strategy;
  /** Whether vLLM writes the answers, where any are written. */
  vllm?: boolean;
  /** Whether activations are computed again in the backward pass; they are, if not said. */
  checkpointing?: boolean;
}

/**
 * The best candidate of one flavor: the first mode that fits, in the first way to share it among the accelerators that
 * fits, with the batch that is fastest. That is often not the largest: a batch is padded to its longest row.
 */
export function candidateFor(input: SearchInput, flavor: Flavor, target: Target): Candidate | null {
  for (const mode of input.modes) {
    // Kernels for 4 bits compute in bf16, and are slow on anything but CUDA.
    if (mode === 'qlora' && !target.bf16) continue;
    for (const strategy of strategiesFor(input.work, mode, target, flavor.accelerators)) {
      const way = { mode, target, strategy };
      const padded = fastest(input, flavor, way);
      const packed = packsOn(input, flavor)
        ? fastest({ ...input, work: { ...input.work, packing: true } }, flavor, way)
        : null;
      // By the training alone, so that a demo does what the whole run does.
      const training = padded?.time.parts.training ?? Number.POSITIVE_INFINITY;
      if (packed && packed.time.parts.training < PACKED_FASTER * training) return packed;
      if (padded) return padded;
    }
  }
  return null;
}

/** Whether rows may be packed, and a step has a packed sequence for each process: with more it would learn too coarsely. */
function packsOn({ work, max_length }: SearchInput, flavor: Flavor): boolean {
  if (!mayPack(work, max_length)) return false;
  const sequences = packedSequences({ ...work, packing: true }, work.rows, max_length);
  return effectiveBatch(work, sequences) >= processesOn(flavor);
}

const processesOn = ({ accelerators }: Flavor): number => Math.max(1, accelerators);

/** Of the batches that fit. */
function fastest(input: SearchInput, flavor: Flavor, way: Way): Candidate | null {
  const sequences = packedSequences(input.work, input.work.rows, input.max_length);
  const writers = writersFor(input.work, way, processesOn(flavor), input.backend);
  let best: { candidate: Candidate; again: (save_every: number) => Candidate | null } | null = null;
  for (const batch of batchesFor(input.work, sequences, processesOn(flavor))) {
    for (const vllm of writers) {
      for (const checkpointing of recomputing(input.work)) {
        const again = (save_every?: number): Candidate | null =>
          made(input, flavor, { ...way, vllm, checkpointing }, batch, save_every);
        const candidate = again();
        // Activations that are kept take more.
        if (!candidate) break;
        const kept = !checkpoints(candidate.recipe) && !asksFor(input.work);
        if (kept && !roomy(candidate.gpu_memory_gib, flavor)) continue;
        if (!best || candidate.seconds < FASTER * best.candidate.seconds) best = { candidate, again };
      }
    }
  }
  return best && withCheckpoints(best.candidate, best.again);
}

const asksFor = ({ request }: Workload): boolean => request.set?.activation_checkpointing !== undefined;

/** Computing activations again saves memory and costs a quarter of the time: both ways are tried where they are known. */
const recomputing = (work: Workload): boolean[] =>
  asksFor(work) || work.report.vision || !work.facts.layout.recorded ? [true] : [true, false];

const roomy = (gib: number, flavor: Flavor): boolean =>
  gib <= KEPT_FILL * (acceleratorOf(flavor)?.usable_gib ?? flavor.ram_gib);

function made(
  input: SearchInput,
  flavor: Flavor,
  way: Way,
  batch: number,
  save_every: number | undefined,
): Candidate | null {
  // A machine of one's own has other work, and starts processes in another way on macOS and Windows.
  const cpus = input.backend === 'hf' ? flavor.cpus : 1;
  const choice = { ...input, ...way, batch, processes: processesOn(flavor), cpus };
  const recipe = buildRecipe(input.work, save_every === undefined ? choice : { ...choice, save_every });
  const gpu = way.vllm ? acceleratorOf(flavor) : null;
  const answered = gpu ? withVllm(input.work, recipe, gpu.usable_gib) : recipe;
  return onFlavor(input, flavor, launched(answered, way.strategy), way.strategy);
}

/** With a checkpoint so often that little work is ever lost, but not so often that writing them is much of the work. */
function withCheckpoints(candidate: Candidate, again: (save_every: number) => Candidate | null): Candidate | null {
  const { training, generation, evaluation, checkpoints } = candidate.time.parts;
  const { total_steps, training_args } = candidate.recipe;
  const step = (training + generation + evaluation) / total_steps;
  const every = numberOr(training_args.save_steps, 1);
  const most = Math.max(1, Math.floor(CHECKPOINT_SECONDS / step));
  const least = Math.ceil(checkpoints / Math.max(1, savesOf(candidate.recipe)) / CHECKPOINT_SHARE / step);
  const wanted = Math.min(total_steps, Math.max(least, Math.min(every, most)));
  return wanted === every ? candidate : again(wanted);
}

/** The candidate, or null where memory, RAM or disk are too small for it. */
function onFlavor(input: SearchInput, flavor: Flavor, recipe: Recipe, strategy: Strategy): Candidate | null {
  const fits = footprint({ ...input, flavor, recipe, strategy });
  return fits ? priced(input, { flavor, strategy, recipe, memory: fits.memory, gpu_memory_gib: fits.gib }) : null;
}

/** Every machine on which the work fits, cheapest first. */
export function search(input: SearchInput, flavors: readonly Flavor[]): Candidate[] {
  const tiny = input.work.facts.parameters < CPU.below_parameters;
  const candidates = flavors
    .map((flavor) => candidateFor(input, flavor, targetOf(flavor)))
    .filter((candidate) => candidate !== null)
    .filter(({ flavor, seconds }) => flavor.accelerators > 0 || (tiny && seconds <= CPU.seconds));
  return candidates.sort((a, b) => cents(a.usd) - cents(b.usd) || a.seconds - b.seconds);
}

/** `capability`: what the driver says that the card can do, as NVIDIA counts it; 8 is Ampere. */
export function targetOf(flavor: Flavor, capability: number | null = null): Target {
  const accelerator = acceleratorOf(flavor);
  if (!accelerator) return { kind: 'cpu', bf16: false };
  return { kind: 'cuda', bf16: capability === null ? accelerator.bf16 : capability >= 8 };
}
