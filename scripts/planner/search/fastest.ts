import type { Flavor } from '../../plan/flavor.ts';
import { acceleratorOf } from '../hardware/accelerator.ts';
import { mayPack, packedSequences } from '../recipe/packing.ts';
import { batchesFor, effectiveBatch } from '../recipe/steps.ts';
import { writersFor } from '../recipe/vllm.ts';
import { checkpoints } from '../recipe.ts';
import type { Workload } from '../workload.ts';
import type { Candidate, SearchInput } from './candidate.ts';
import { going, processesOn, type Way, withCheckpoints } from './way.ts';

/** Where activations are kept: they are most of it, and the estimate is worst for them. */
const KEPT_FILL = 0.75;
/** A smaller batch has to be worth it, and packing more: a step then holds rows as they fit, not so many. */
const FASTER = 0.95;
const PACKED_FASTER = 0.85;

type Where = Pick<Way, 'mode' | 'target' | 'strategy'>;

/** The fastest way to run it there that fits: which batch, packed or padded, what is kept, who writes the answers. */
export function fastest(input: SearchInput, flavor: Flavor, where: Where): Candidate | null {
  const padded = ofBatches(input, flavor, where);
  const packed = packsOn(input, flavor) ? ofBatches(input, flavor, { ...where, packing: true }) : null;
  const training = padded?.time.parts.training ?? Number.POSITIVE_INFINITY;
  return packed && packed.time.parts.training < PACKED_FASTER * training ? packed : padded;
}

/** Whether rows may be packed, and a step has a packed sequence for each process: with more it would learn too coarsely. */
function packsOn({ work, max_length }: SearchInput, flavor: Flavor): boolean {
  if (!mayPack(work, max_length)) return false;
  const sequences = packedSequences({ ...work, packing: true }, work.rows, max_length);
  return effectiveBatch(work, sequences) >= processesOn(flavor);
}

/** Of the batches that fit. */
function ofBatches(input: SearchInput, flavor: Flavor, where: Where & Pick<Way, 'packing'>): Candidate | null {
  const work = where.packing === undefined ? input.work : { ...input.work, packing: where.packing };
  const sequences = packedSequences(work, work.rows, input.max_length);
  const writers = writersFor(work, where, processesOn(flavor), input.backend);
  let best: { candidate: Candidate; way: Way } | null = null;
  for (const batch of batchesFor(work, sequences, processesOn(flavor))) {
    for (const vllm of writers) {
      for (const checkpointing of recomputing(work)) {
        const way = { ...where, batch, vllm, checkpointing };
        const candidate = going(input, flavor, way);
        // Activations that are kept take more.
        if (!candidate) break;
        const kept = !checkpoints(candidate.recipe) && !asksFor(work);
        if (kept && !roomy(candidate.gpu_memory_gib, flavor)) continue;
        if (!best || clearlyFaster(candidate, best.candidate)) best = { candidate, way };
      }
    }
  }
  return best && withCheckpoints(input, best.candidate, best.way);
}

/** By what grows with the rows: a download that takes as long either way says nothing, and a demo is no other run. */
const clearlyFaster = (one: Candidate, other: Candidate): boolean =>
  one.seconds < other.seconds - (1 - FASTER) * (other.time.parts.training + other.time.parts.generation);

const asksFor = ({ request }: Workload): boolean => request.set?.activation_checkpointing !== undefined;

/** Computing activations again saves memory and costs a quarter of the time: both ways are tried where they are known. */
const recomputing = (work: Workload): boolean[] =>
  asksFor(work) || work.report.vision || !work.facts.layout.recorded ? [true] : [true, false];

const roomy = (gib: number, flavor: Flavor): boolean =>
  gib <= KEPT_FILL * (acceleratorOf(flavor)?.usable_gib ?? flavor.ram_gib);
