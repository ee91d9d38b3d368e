import type { Flavor } from '../plan/flavor.ts';
import { billedUsd } from '../plan/price.ts';
import type { Alternative, Recipe } from '../plan/schema.ts';
import { acceleratorOf } from './accelerator.ts';
import { answerTokens, sequencesOf } from './lengths.ts';
import { diskGib, loadingRamGib, type MemoryParts, totalGib, trainingMemory } from './memory.ts';
import { methodRecipe } from './method-recipe.ts';
import { buildRecipe, LORA_RANK } from './recipe.ts';
import { batchesFor } from './steps.ts';
import { jobSeconds, timeoutFor } from './time.ts';
import { numberOr, type Target, type Workload } from './workload.ts';

/** One way to run the work: a machine, a recipe that fits it, and what that takes. */
export interface Candidate {
  flavor: Flavor;
  recipe: Recipe;
  memory: MemoryParts;
  gpu_memory_gib: number;
  tokens: number;
  seconds: number;
  usd: number;
  timeout_seconds: number;
  max_usd: number;
}

export interface SearchInput {
  work: Workload;
  modes: ('full' | 'lora')[];
  backend: 'hf' | 'local';
  max_length: number;
  epochs: number;
  /** Asked for; null to derive it from the estimate. */
  timeout_seconds: number | null;
}

/** How full memory may get by the estimate: it is an estimate. */
const FILL = 0.9;
/** A rented CPU is offered for tiny models and short runs alone: nobody waits hours to save cents. */
const CPU = { below_parameters: 100e6, seconds: 1800 };
/** Rows of a padded batch differ in length: what passes the model against what is in the rows. */
const PADDING = 1.3;

/** The candidates of one flavor: the first mode that fits, with the largest batch that fits. */
export function candidateFor(input: SearchInput, flavor: Flavor, target: Target): Candidate | null {
  const accelerator = acceleratorOf(flavor);
  const limit = accelerator ? accelerator.usable_gib : flavor.ram_gib;
  for (const mode of input.modes) {
    for (const batch of batchesFor(input.work)) {
      const recipe = buildRecipe(input.work, { ...input, mode, target, batch });
      const weightBytes = recipe.weights_dtype === 'float32' ? 4 : 2;
      const memory = trainingMemory({
        facts: input.work.facts,
        mode,
        weight_bytes: weightBytes,
        lora_rank: LORA_RANK,
        per_device_train_batch_size: batch,
        max_length: input.max_length,
        sequences: methodRecipe(input.work.method).sequences,
        reference: methodRecipe(input.work.method).reference,
        generated: generatedTogether(input.work, recipe),
      });
      const total = totalGib(memory);
      if (total > FILL * limit) continue;
      if (accelerator && loadingRamGib(input.work.facts, weightBytes) > flavor.ram_gib) continue;
      if (flavor.disk_gib !== null && input.backend === 'hf') {
        if (diskGib(input.work.facts, mode, LORA_RANK) > flavor.disk_gib) continue;
      }
      return priced(input, flavor, recipe, memory, total);
    }
  }
  return null;
}

/** Every machine with one accelerator or none on which the work fits, cheapest first. */
export function search(input: SearchInput, flavors: readonly Flavor[]): Candidate[] {
  const tiny = input.work.facts.parameters < CPU.below_parameters;
  const candidates = flavors
    .filter((flavor) => flavor.accelerators <= 1)
    .map((flavor) => candidateFor(input, flavor, targetOf(flavor)))
    .filter((candidate) => candidate !== null)
    .filter(({ flavor, seconds }) => flavor.accelerators > 0 || (tiny && seconds <= CPU.seconds));
  return candidates.sort((a, b) => cents(a.usd) - cents(b.usd) || a.seconds - b.seconds);
}

export function targetOf(flavor: Flavor): Target {
  const accelerator = acceleratorOf(flavor);
  return accelerator ? { kind: 'cuda', bf16: accelerator.bf16 } : { kind: 'cpu', bf16: false };
}

export function toAlternative(candidate: Candidate): Alternative {
  return {
    flavor: candidate.flavor.name,
    recipe: candidate.recipe.mode,
    gpu_memory_gib: round(candidate.gpu_memory_gib, 1),
    seconds: Math.round(candidate.seconds),
    usd: cents(candidate.usd),
  };
}

/** Sequences that are generated side by side: all answers of an optimizer step. */
function generatedTogether(work: Workload, { training_args: args }: Recipe): number {
  if (methodRecipe(work.method).generation === null) return 0;
  return numberOr(args.per_device_train_batch_size, 1) * numberOr(args.gradient_accumulation_steps, 1);
}

/** Tokens that are generated one after the other, in all steps and evaluations; at most, for answers may be short. */
function decodedTokens(work: Workload, recipe: Recipe, evaluations: number): number {
  if (methodRecipe(work.method).generation === null) return 0;
  const { per_device_eval_batch_size, num_generations_eval, num_iterations } = recipe.training_args;
  const evalBatches = (work.eval_rows * numberOr(num_generations_eval, 2)) / numberOr(per_device_eval_batch_size, 1);
  const rounds = recipe.total_steps / numberOr(num_iterations, 1) + evaluations * Math.ceil(evalBatches);
  return Math.round(rounds * answerTokens(work));
}

function priced(input: SearchInput, flavor: Flavor, recipe: Recipe, memory: MemoryParts, total: number): Candidate {
  const { facts, tokens: statistics, eval_rows } = input.work;
  const args = recipe.training_args;
  const batch = numberOr(args.per_device_train_batch_size, 1);
  const accumulation = numberOr(args.gradient_accumulation_steps, 1);
  const { generation, sequences } = methodRecipe(input.work.method);
  const answered = generation === null ? 0 : answerTokens(input.work);
  const sequence = Math.min(statistics.mean / sequencesOf(input.work) + answered, input.max_length);
  const rowTokens = sequences * sequence * (batch > 1 ? PADDING : 1);
  const tokens = Math.round(recipe.total_steps * batch * accumulation * rowTokens);
  const evaluations = eval_rows > 0 ? 2 + recipe.total_steps / numberOr(args.eval_steps, recipe.total_steps) : 0;
  const seconds = jobSeconds({
    facts,
    mode: recipe.mode,
    tokens,
    eval_tokens: Math.round(evaluations * eval_rows * rowTokens),
    total_steps: recipe.total_steps,
    gradient_accumulation_steps: accumulation,
    decoded_tokens: decodedTokens(input.work, recipe, Math.ceil(evaluations)),
    backend: input.backend,
    accelerator: acceleratorOf(flavor),
    cpus: flavor.cpus,
  });
  const timeout = input.timeout_seconds ?? timeoutFor(seconds);
  return {
    flavor,
    recipe,
    memory,
    gpu_memory_gib: total,
    tokens,
    seconds,
    usd: billedUsd(seconds, flavor.usd_per_hour),
    timeout_seconds: timeout,
    max_usd: billedUsd(timeout, flavor.usd_per_hour),
  };
}

/** USD rounded up to the cent, so that what is shown is never less than what is meant. */
export const cents = (usd: number): number => Math.max(0, Math.ceil(usd * 100 - 1e-9)) / 100;
export const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
