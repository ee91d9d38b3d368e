import type { Flavor } from '../plan/flavor.ts';
import { acceleratorOf } from './hardware/accelerator.ts';
import { strategiesFor } from './recipe/launch.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import { answersPerPrompt, sequencesOfStep } from './recipe/steps.ts';
import { defaultEpochs } from './recipe.ts';
import { cents } from './rounding.ts';
import type { Candidate, SearchInput } from './search/candidate.ts';
import { fastest } from './search/fastest.ts';
import { going, processesOn, wayOf, withCheckpoints } from './search/way.ts';
import type { Target, Workload } from './workload.ts';

/** A rented CPU is offered for tiny models and short runs alone: nobody waits hours to save cents. */
const CPU = { below_parameters: 100e6, seconds: 1800 };

/**
 * The best candidate of one flavor: the first mode that fits, in the first way to share it among the accelerators that
 * fits, with the batch that is fastest. That is often not the largest: a batch is padded to its longest row. A demo goes
 * the way of the whole run, so that it shows what that takes; where that doesn't fit, its own.
 */
export function candidateFor(input: SearchInput, flavor: Flavor, target: Target): Candidate | null {
  const { whole, ...work } = input.work;
  const run = whole && best(wholeRun(input, whole), flavor, target);
  return (run && alike(input, run, target)) ?? best({ ...input, work }, flavor, target);
}

function best(input: SearchInput, flavor: Flavor, target: Target): Candidate | null {
  for (const mode of input.modes) {
    // Kernels for 4 bits compute in bf16, and are slow on anything but CUDA.
    if (mode === 'qlora' && !target.bf16) continue;
    for (const strategy of strategiesFor(input.work, mode, target, flavor.accelerators)) {
      const found = fastest(input, flavor, { mode, target, strategy });
      if (found) return found;
    }
  }
  return null;
}

const wholeRun = (input: SearchInput, whole: Workload): SearchInput => ({
  ...input,
  work: whole,
  epochs: defaultEpochs(whole.rows, whole.request).epochs,
});

/** These rows, as the run trains its own; null where they don't fill one of its steps and TRL would make none. */
function alike(input: SearchInput, run: Candidate, target: Target): Candidate | null {
  const way = wayOf(run, target);
  const found = going(input, run.flavor, way);
  if (!found || promptsOf(input.work, found) > input.work.rows) return null;
  const saving = withCheckpoints(input, found, way);
  return saving && { ...saving, like: run };
}

/** Of a step; none where rows have their answers. */
const promptsOf = (work: Workload, { recipe, flavor }: Candidate): number =>
  methodRecipe(work.method).generation === null
    ? 0
    : sequencesOfStep(recipe, processesOn(flavor)) / answersPerPrompt(work);

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
