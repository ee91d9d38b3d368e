import { TrainerError } from '../errors.ts';
import { answerTokens } from '../planner/recipe/lengths.ts';
import { methodRecipe } from '../planner/recipe/method-recipe.ts';
import { cents } from '../planner/rounding.ts';
import type { Candidate, SearchInput } from '../planner/search/candidate.ts';
import { LORA_FLAG } from '../planner/search/modes.ts';
import { nearestToFitting, type Place } from '../planner/search/shortage.ts';
import { shortageWords } from './shortage-words.ts';

/** Tokens below which a sequence, or an answer, is not worth training on. */
const LEAST_LENGTH = 256;
const LEAST_ANSWER = 64;

export interface Elsewhere {
  /** Whether other work fits where this doesn't. */
  fits: (input: SearchInput) => boolean;
  /** What this work fits on, where one flavor was asked for. */
  other?: Candidate | undefined;
  /** What it was tried on. */
  tried: readonly Place[];
}

/** What to say where nothing fits: each way out is tried before it is named. */
export function nothingFits(input: SearchInput, where: string, elsewhere: Elsewhere): TrainerError {
  const ways = [
    ...batchThatFits(input, elsewhere),
    ...writerThatFits(input, elsewhere),
    ...modeThatFits(input, elsewhere),
    ...lengthThatFits(input, elsewhere),
    ...flavorThatFits(elsewhere),
  ];
  const nearest = nearestToFitting(input, worthNaming(elsewhere.tried));
  const missing = nearest
    ? [shortageWords(nearest, input, elsewhere.tried.length), ...otherNeeds(input, elsewhere)]
    : otherNeeds(input, elsewhere);
  return new TrainerError(
    'usage',
    'nothing_fits',
    `training ${input.work.facts.id} with ${input.modes.join(' or ')} on sequences of ${input.max_length} tokens ${nearest ? 'does not fit' : 'does not run on'} ${where}: ${missing.join('; ')}`,
    hint(input, ways, nearest !== null) + (input.backend === 'local' ? JOBS : ''),
  );
}

/** What a machine of the Hub's could do is not known here: the plan for it says. */
const JOBS = ' Or plan it for a machine of Hugging Face Jobs: --backend hf';

function hint(input: SearchInput, ways: readonly string[], short: boolean): string {
  if (ways.length > 0) return `What would fit: the same command with ${ways.join(', or with ')}.`;
  if (short && input.work.report.vision)
    return 'No adapter would fit either: make the pictures smaller or fewer, or take a smaller model.';
  return short
    ? 'Neither an adapter nor shorter sequences would fit: take a smaller model.'
    : `Take another machine, or do without ${needing(input).join(' and ')}.`;
}

const writesWithVllm = ({ work }: SearchInput): boolean => work.request.set?.use_vllm === true;

/** What was asked for and runs on some GPUs alone. */
const needing = (input: SearchInput): string[] => [
  ...(input.modes.includes('qlora') ? ['QLoRA'] : []),
  ...(writesWithVllm(input) ? ['vLLM'] : []),
];

/** What was asked for and is not tried here, whatever the memory. */
function otherNeeds(input: SearchInput, { tried }: Elsewhere): string[] {
  const names = needing(input);
  if (!tried.some(({ target }) => target.bf16) && names.length > 0) {
    return [`${names.join(' and ')} ${names.length > 1 ? 'need' : 'needs'} a CUDA GPU that computes in bf16`];
  }
  const together = tried.every(({ flavor }) => flavor.accelerators > 1);
  return writesWithVllm(input) && together ? ['vLLM is used beside one accelerator alone'] : [];
}

/** Where there are GPUs, CPUs are no way out. */
function worthNaming(tried: readonly Place[]): readonly Place[] {
  const gpus = tried.filter(({ flavor }) => flavor.accelerators > 0);
  return gpus.length > 0 ? gpus : tried;
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
  return mode ? [`--lora ${LORA_FLAG[mode]}`] : [];
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
