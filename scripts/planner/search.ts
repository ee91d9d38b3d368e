import type { Flavor } from '../plan/flavor.ts';
import { billedUsd } from '../plan/price.ts';
import type { Alternative, Recipe } from '../plan/schema.ts';
import { acceleratorOf } from './accelerator.ts';
import { diskGib, loadingRamGib, type MemoryParts, totalGib, trainingMemory } from './memory.ts';
import { hasReference, methodRecipe } from './method-recipe.ts';
import { packedSequences } from './packing.ts';
import { buildRecipe, LORA_RANK, type Mode } from './recipe.ts';
import { runTime } from './run-time.ts';
import { batchesFor } from './steps.ts';
import { type JobTime, timeoutFor } from './time.ts';
import { numberOr, type Target, type Workload } from './workload.ts';

/** One way to run the work: a machine, a recipe that fits it, and what that takes. */
export interface Candidate {
  flavor: Flavor;
  recipe: Recipe;
  memory: MemoryParts;
  gpu_memory_gib: number;
  tokens: number;
  /** What `seconds` is made of, and how far it may be off. */
  time: JobTime;
  seconds: number;
  usd: number;
  timeout_seconds: number;
  max_usd: number;
}

export interface SearchInput {
  work: Workload;
  modes: Mode[];
  backend: 'hf' | 'local';
  max_length: number;
  epochs: number;
  /** Asked for; null to derive it from the estimate. */
  timeout_seconds: number | null;
}

/** The most work between two checkpoints, by the estimate. */
const CHECKPOINT_SECONDS = 1800;
/** How full memory may get by the estimate: it is an estimate. */
export const FILL = 0.9;
/** A smaller batch has to be worth it. */
const FASTER = 0.95;
/** Of the cheapest run's price. */
const HARDLY_MORE = 1.15;
/** A rented CPU is offered for tiny models and short runs alone: nobody waits hours to save cents. */
const CPU = { below_parameters: 100e6, seconds: 1800 };

/**
 * The best candidate of one flavor: the first mode that fits, with the batch that is fastest. That is often not the
 * largest: a batch is padded to its longest row.
 */
export function candidateFor(input: SearchInput, flavor: Flavor, target: Target): Candidate | null {
  for (const mode of input.modes) {
    // Kernels for 4 bits compute in bf16, and are slow on anything but CUDA.
    if (mode === 'qlora' && !target.bf16) continue;
    const fitting = batchesFor(input.work, packedSequences(input.work, input.work.rows, input.max_length))
      .map((batch) => withCheckpoints(input, flavor, { ...input, mode, target, batch }))
      .filter((candidate) => candidate !== null);
    const [first, ...others] = fitting;
    if (first) return others.reduce((best, one) => (one.seconds < FASTER * best.seconds ? one : best), first);
  }
  return null;
}

/** With a checkpoint so often that little work is ever lost. */
function withCheckpoints(
  input: SearchInput,
  flavor: Flavor,
  choice: Parameters<typeof buildRecipe>[1],
): Candidate | null {
  const candidate = onFlavor(input, flavor, buildRecipe(input.work, choice));
  if (!candidate) return null;
  const { training, generation, evaluation } = candidate.time.parts;
  const { total_steps, training_args } = candidate.recipe;
  const step = (training + generation + evaluation) / total_steps;
  const save_every = Math.max(1, Math.floor(CHECKPOINT_SECONDS / step));
  if (save_every >= numberOr(training_args.save_steps, 1)) return candidate;
  return onFlavor(input, flavor, buildRecipe(input.work, { ...choice, save_every }));
}

/** The candidate, or null where memory, RAM or disk are too small for it. */
function onFlavor(input: SearchInput, flavor: Flavor, recipe: Recipe): Candidate | null {
  const { facts, method } = input.work;
  const accelerator = acceleratorOf(flavor);
  const weightBytes = recipe.weights_dtype === 'float32' ? 4 : 2;
  const memory = trainingMemory({
    facts,
    mode: recipe.mode,
    weight_bytes: weightBytes,
    lora_rank: LORA_RANK,
    per_device_train_batch_size: numberOr(recipe.training_args.per_device_train_batch_size, 1),
    max_length: input.max_length,
    gradient_accumulation_steps: numberOr(recipe.training_args.gradient_accumulation_steps, 1),
    gradient_checkpointing: recipe.training_args.gradient_checkpointing !== false,
    compute: recipe.precision === 'fp32' ? 'fp32' : 'mixed',
    optimizer: recipe.training_args.optim === 'adamw_torch' ? 'foreach' : 'fused',
    sequences: methodRecipe(method).sequences,
    reference: hasReference(input.work),
    generated: generatedTogether(input.work, recipe),
  });
  const total = totalGib(memory);
  if (total > FILL * (accelerator ? accelerator.usable_gib : flavor.ram_gib)) return null;
  if (accelerator && loadingRamGib(facts, weightBytes) > flavor.ram_gib) return null;
  if (flavor.disk_gib !== null && input.backend === 'hf') {
    if (diskGib(facts, recipe.mode, LORA_RANK) > flavor.disk_gib) return null;
  }
  return priced(input, flavor, recipe, memory, total);
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

/**
 * The one to take: the cheapest, or the fastest of those that cost hardly more and take less than half the time. The
 * estimates are no finer than that, and somebody waits.
 */
export function choose(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  const [cheapest] = cheapestFirst;
  if (!cheapest) return undefined;
  const faster = cheapestFirst
    .filter(({ usd, seconds }) => usd <= HARDLY_MORE * cheapest.usd && seconds < cheapest.seconds / 2)
    .sort((a, b) => a.seconds - b.seconds);
  return faster[0] ?? cheapest;
}

/** `capability`: what the driver says that the card can do, as NVIDIA counts it; 8 is Ampere. */
export function targetOf(flavor: Flavor, capability: number | null = null): Target {
  const accelerator = acceleratorOf(flavor);
  if (!accelerator) return { kind: 'cpu', bf16: false };
  return { kind: 'cuda', bf16: capability === null ? accelerator.bf16 : capability >= 8 };
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

function priced(input: SearchInput, flavor: Flavor, recipe: Recipe, memory: MemoryParts, total: number): Candidate {
  const { tokens, ...time } = runTime({ ...input, recipe, flavor });
  const timeout = input.timeout_seconds ?? timeoutFor(time);
  return {
    flavor,
    recipe,
    memory,
    gpu_memory_gib: total,
    tokens,
    time,
    seconds: time.seconds,
    usd: billedUsd(time.seconds, flavor.usd_per_hour),
    timeout_seconds: timeout,
    max_usd: billedUsd(timeout, flavor.usd_per_hour),
  };
}

/** USD rounded up to the cent, so that what is shown is never less than what is meant. */
export const cents = (usd: number): number => Math.max(0, Math.ceil(usd * 100 - 1e-9)) / 100;
export const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
