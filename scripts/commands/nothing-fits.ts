import { TrainerError } from '../errors.ts';
import type { Flavor } from '../plan/flavor.ts';
import type { Candidate, SearchInput } from '../planner/candidate.ts';
import { answerTokens } from '../planner/lengths.ts';
import { loraRank } from '../planner/lora-rank.ts';
import { totalGib, trainingMemory } from '../planner/memory.ts';
import { hasReference, methodRecipe } from '../planner/method-recipe.ts';
import type { Mode } from '../planner/recipe.ts';
import { cents } from '../planner/rounding.ts';
import { numberOr } from '../planner/workload.ts';

/** Tokens below which a sequence, or an answer, is not worth training on. */
const LEAST_LENGTH = 256;
const LEAST_ANSWER = 64;

/** Of the memory, the share from which a part is named. */
const LEAST_PART = 0.05;

const FLAGS: Readonly<Record<Mode, string>> = { full: '--lora off', lora: '--lora on', qlora: '--lora qlora' };

export interface Elsewhere {
  /** Whether other work fits where this doesn't. */
  fits: (input: SearchInput) => boolean;
  /** What this work fits on, where one flavor was asked for. */
  other?: Candidate | undefined;
  /** Whether there is a CUDA GPU that computes in bf16. */
  bf16: boolean;
  /** What it was tried on. */
  flavors: readonly Flavor[];
}

/** What to say where nothing fits: each way out is tried before it is named. */
export function nothingFits(input: SearchInput, where: string, elsewhere: Elsewhere): TrainerError {
  const needing = [
    ...(input.modes.includes('qlora') ? ['QLoRA'] : []),
    ...(input.work.request.set?.use_vllm === true ? ['vLLM'] : []),
  ];
  const needs =
    elsewhere.bf16 || needing.length === 0
      ? ''
      : `; ${needing.join(' and ')} ${needing.length > 1 ? 'need' : 'needs'} a CUDA GPU that computes in bf16`;
  const ways = [
    ...batchThatFits(input, elsewhere),
    ...writerThatFits(input, elsewhere),
    ...modeThatFits(input, elsewhere),
    ...lengthThatFits(input, elsewhere),
    ...flavorThatFits(elsewhere),
  ];
  return new TrainerError(
    'usage',
    'nothing_fits',
    `training ${input.work.facts.id} with ${input.modes.join(' or ')} on sequences of ${input.max_length} tokens does not fit ${where}: ${unshared(input, elsewhere)}${needs}`,
    ways.length > 0
      ? `What would fit: the same command with ${ways.join(', or with ')}.`
      : 'Neither an adapter nor shorter sequences would fit: take a smaller model.',
  );
}

/** The largest of some flavors' GPUs; RAM where there is none. */
function largestDevice(flavors: readonly Flavor[]): { gib: number; cuda: boolean } {
  const gpus = flavors.flatMap(({ gpu_memory_gib }) => gpu_memory_gib ?? []);
  const cuda = gpus.length > 0;
  return { gib: Math.max(...(cuda ? gpus : flavors.map(({ ram_gib }) => ram_gib))), cuda };
}

/** What a batch takes on one device, in the mode that takes least, by parts: the largest first. */
function unshared({ work, modes, max_length }: SearchInput, { bf16, flavors }: Elsewhere): string {
  const device = largestDevice(flavors);
  const mode = modes.findLast((one) => bf16 || one !== 'qlora') ?? modes.at(-1) ?? 'full';
  const { sequences, generation } = methodRecipe(work.method);
  const batch = numberOr(work.request.set?.per_device_train_batch_size, 1);
  const reference = hasReference(work);
  const parts = trainingMemory({
    facts: work.facts,
    mode,
    weight_bytes: mode === 'full' || !device.cuda ? 4 : 2,
    lora_rank: numberOr(work.request.set?.lora_r, loraRank(work).rank),
    per_device_train_batch_size: batch,
    max_length,
    sequences,
    reference,
    classifier: work.method === 'reward',
    ...(generation ? { scored: answerTokens(work) } : {}),
  });
  const weights = parts.weights / (reference && mode === 'full' ? 2 : 1);
  const sizes: [string, number][] = [
    ['gradients and optimizer', parts.gradients + parts.optimizer + parts.adapters],
    ['activations', parts.activations + parts.loss + parts.casts],
    ['weights', weights],
    ['its reference', parts.weights - weights],
  ];
  const named = sizes
    .filter(([, gib]) => gib > LEAST_PART * totalGib(parts))
    .sort(([, a], [, b]) => b - a)
    .map(([name, gib]) => `${name} ${Math.round(gib)}`);
  const takes = `a batch of ${batch} takes ${Math.round(totalGib(parts))} GiB (${named.join(', ')})`;
  const short = work.request.set?.use_vllm === true ? 'RAM, disk or the share of vLLM' : 'RAM or disk';
  return totalGib(parts) < device.gib
    ? `${takes}, for which there is room: what lacks is ${short}`
    : `on one device ${takes}`;
}

/** Where a batch was asked for; without that the plan takes one that fits. */
function batchThatFits({ work, ...input }: SearchInput, { fits }: Elsewhere): string[] {
  const asked = work.request.set?.per_device_train_batch_size;
  if (typeof asked !== 'number') return [];
  const smaller = halves(asked, work.method === 'kto' ? 2 : 1).find((per_device_train_batch_size) => {
    const request = { ...work.request, set: { ...work.request.set, per_device_train_batch_size } };
    return allowed(() => fits({ ...input, work: { ...work, request } }));
  });
  return smaller === undefined ? [] : [`--set per_device_train_batch_size=${smaller}`];
}

/** Not every batch is whole groups of answers. */
function allowed(fits: () => boolean): boolean {
  try {
    return fits();
  } catch (error) {
    if (error instanceof TrainerError) return false;
    throw error;
  }
}

function writerThatFits({ work, ...input }: SearchInput, { fits }: Elsewhere): string[] {
  if (work.request.set?.use_vllm !== true) return [];
  const request = { ...work.request, set: { ...work.request.set, use_vllm: false } };
  return fits({ ...input, work: { ...work, request } }) ? ['--set use_vllm=false'] : [];
}

function modeThatFits(input: SearchInput, { fits }: Elsewhere): string[] {
  const smaller = (['lora', 'qlora'] as const).filter((mode) => !input.modes.includes(mode));
  const mode = smaller.find((one) => fits({ ...input, modes: [one] }));
  return mode ? [FLAGS[mode]] : [];
}

/** Where prompts are answered, the answers are what can be shortened; where there are pictures, nothing. */
function lengthThatFits(input: SearchInput, { fits }: Elsewhere): string[] {
  const { work } = input;
  if (work.report.vision) return [];
  if (methodRecipe(work.method).generation === null) {
    const length = halves(input.max_length, LEAST_LENGTH).find((max_length) => fits({ ...input, max_length }));
    return length === undefined ? [] : [`--max-length ${length}`];
  }
  const answer = answerTokens(work);
  const shorter = halves(answer, LEAST_ANSWER).find((tokens) => {
    const set = { ...work.request.set, max_completion_length: tokens };
    const request = { ...work.request, set };
    return fits({ ...input, work: { ...work, request }, max_length: input.max_length - answer + tokens });
  });
  return shorter === undefined ? [] : [`--set max_completion_length=${shorter}`];
}

function halves(length: number, least: number): number[] {
  const half = Math.floor(length / 2);
  return half < least ? [] : [half, ...halves(half, least)];
}

function flavorThatFits({ other }: Elsewhere): string[] {
  if (!other) return [];
  const { flavor, recipe, usd } = other;
  return [`--flavor ${flavor.name} (${recipe.mode}, about $${cents(usd).toFixed(2)})`];
}
