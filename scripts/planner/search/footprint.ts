import type { Flavor } from '../../plan/flavor.ts';
import type { Recipe } from '../../plan/schema.ts';
import { acceleratorOf } from '../hardware/accelerator.ts';
import { optimizerOf } from '../memory/optimizer.ts';
import type { Processes } from '../memory/sharding.ts';
import { loraParameters } from '../memory/states.ts';
import { type MemoryInput, type MemoryParts, totalGib, trainingMemory } from '../memory.ts';
import { storedCheckpoints } from '../recipe/checkpoints.ts';
import type { Strategy } from '../recipe/launch.ts';
import { hasReference, methodRecipe } from '../recipe/method-recipe.ts';
import { packs } from '../recipe/packing.ts';
import { usesVllm, vllmGib } from '../recipe/vllm.ts';
import { checkpoints } from '../recipe.ts';
import { numberOr, type Workload } from '../workload.ts';
import { diskGib, ramGib } from './ram-and-disk.ts';

export interface FootprintInput {
  work: Workload;
  recipe: Recipe;
  flavor: Flavor;
  /** How the flavor's accelerators share the work. */
  strategy: Strategy;
  max_length: number;
  backend: 'hf' | 'local';
}

/**
 * How full memory may get by the estimate, and what has to stay free: it is an estimate. Published runs that took up to
 * 51 GiB took at most 1.1 more, and 1.8 by the largest reading of an unclear unit (`npm run bench:memory`).
 */
export const FILL = 0.9;
const FREE_GIB = 1.3;

/** The least memory, GiB, of which a process may take this much. */
export const memoryFor = (gib: number): number => Math.max(gib / FILL, gib + FREE_GIB);

/** Of this memory, GiB, what may be filled. */
export const fillable = (gib: number): number => Math.min(gib * FILL, gib - FREE_GIB);

/** What is too small for a recipe: what it takes, and what there is, GiB. */
export interface Lack {
  what: 'memory' | 'RAM' | 'disk';
  takes: number;
  there: number;
}

export interface Footprint {
  memory: MemoryParts;
  gib: number;
}

/** What the recipe takes on the flavor, or null where memory, RAM or disk are too small for it. */
export function footprint(input: FootprintInput): Footprint | null {
  const { lack, ...taken } = measured(input);
  return lack === null ? taken : null;
}

/** What the recipe takes on the flavor, and what of it is too small. */
export function measured(input: FootprintInput): Footprint & { lack: Lack | null } {
  const { flavor, recipe, strategy, work } = input;
  const { facts, method } = work;
  const accelerator = acceleratorOf(flavor);
  const batch = numberOr(recipe.training_args.per_device_train_batch_size, 1);
  const rank = recipe.lora?.r ?? 0;
  const processes = {
    count: strategy === 'alone' ? 1 : flavor.accelerators,
    sharded: strategy === 'fsdp2',
    sync_each_batch: recipe.training_args.accelerator_config !== undefined,
  };
  const memory = trainingMemory({
    facts,
    mode: recipe.mode,
    weight_bytes: weightBytes(recipe),
    lora_rank: rank,
    // Packed ones are one long sequence, whose rows a mask keeps apart.
    ...(packs(work)
      ? { per_device_train_batch_size: 1, max_length: batch * input.max_length, padded: true }
      : { per_device_train_batch_size: batch, max_length: input.max_length }),
    gradient_accumulation_steps: numberOr(recipe.training_args.gradient_accumulation_steps, 1),
    gradient_checkpointing: checkpoints(recipe),
    compute: recipe.precision === 'fp32' ? 'fp32' : 'mixed',
    optimizer: optimizerOf(recipe.training_args),
    sequences: methodRecipe(method).sequences,
    reference: hasReference(work),
    ...evaluatedTogether(input, processes.count),
    generated: generatedTogether(work, recipe, processes.count),
    ...(methodRecipe(method).generation ? { scored: numberOr(recipe.training_args.max_completion_length, 256) } : {}),
    classifier: method === 'reward',
    picture_patches: work.pictures?.counted?.most.patches ?? 0,
    processes,
  });
  const vllm = vllmGib(recipe, accelerator?.usable_gib ?? 0);
  const gib = totalGib(memory) + vllm;
  return { memory: vllm > 0 ? { ...memory, vllm } : memory, gib, lack: lackOf(input, gib, processes) };
}

/** Of memory, RAM and disk the first that is too small. */
function lackOf({ work, recipe, flavor, backend }: FootprintInput, gib: number, processes: Processes): Lack | null {
  const { facts } = work;
  const accelerator = acceleratorOf(flavor);
  const there = accelerator ? accelerator.usable_gib : flavor.ram_gib;
  if (memoryFor(gib) > there) return { what: 'memory', takes: gib, there };
  const trained = recipe.mode === 'full' ? facts.parameters : loraParameters(facts, recipe.lora?.r ?? 0);
  const weight_bytes = weightBytes(recipe);
  const loaded = { mode: recipe.mode, weight_bytes, trained, processes, reference: hasReference(work) };
  const ram = accelerator ? ramGib(facts, loaded) : 0;
  if (ram > flavor.ram_gib) return { what: 'RAM', takes: ram, there: flavor.ram_gib };
  if (flavor.disk_gib === null || backend !== 'hf') return null;
  const stored = { checkpoints: storedCheckpoints(recipe), sharded: processes.sharded, vllm: usesVllm(recipe) };
  const disk = diskGib(facts, trained, stored);
  return disk > flavor.disk_gib ? { what: 'disk', takes: disk, there: flavor.disk_gib } : null;
}

const weightBytes = ({ weights_dtype }: Recipe): number => (weights_dtype === 'float32' ? 4 : 2);

/** Rows held out, or answers to them, that pass side by side. */
function evaluationBatch({ eval_rows }: Workload, { training_args: args }: Recipe, processes: number): number {
  const batch = numberOr(args.per_device_eval_batch_size, numberOr(args.per_device_train_batch_size, 1));
  return Math.min(batch, Math.ceil((eval_rows * numberOr(args.num_generations_eval, 1)) / processes));
}

function evaluatedTogether(
  { work, recipe, max_length }: FootprintInput,
  processes: number,
): Pick<MemoryInput, 'evaluated'> {
  const rows = evaluationBatch(work, recipe, processes);
  if (rows === 0) return {};
  return packs(work)
    ? { evaluated: { sequences: 1, max_length: rows * max_length, padded: true } }
    : { evaluated: { sequences: rows, max_length, padded: rows * methodRecipe(work.method).sequences > 1 } };
}

/** Sequences that transformers generates side by side: all answers of an optimizer step, or of a batch held out. */
function generatedTogether(work: Workload, recipe: Recipe, processes: number): number {
  const { training_args: args } = recipe;
  if (methodRecipe(work.method).generation === null || args.use_vllm === true) return 0;
  const step = numberOr(args.per_device_train_batch_size, 1) * numberOr(args.gradient_accumulation_steps, 1);
  return Math.max(step, evaluationBatch(work, recipe, processes));
}
