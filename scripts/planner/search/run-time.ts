import type { Flavor } from '../../plan/flavor.ts';
import type { Recipe } from '../../plan/schema.ts';
import { acceleratorOf } from '../hardware/accelerator.ts';
import { loraParameters } from '../memory/states.ts';
import { savesOf } from '../recipe/checkpoints.ts';
import type { Strategy } from '../recipe/launch.ts';
import { answerTokens, sequencesOf } from '../recipe/lengths.ts';
import { hasReference, methodRecipe } from '../recipe/method-recipe.ts';
import { packedSequences, packs } from '../recipe/packing.ts';
import { paddedTokens } from '../recipe/padding.ts';
import { totalSteps, trainedRows } from '../recipe/steps.ts';
import { usesVllm } from '../recipe/vllm.ts';
import { checkpoints } from '../recipe.ts';
import { type Batches, type JobTime, jobTime } from '../time.ts';
import { numberOr, type Workload } from '../workload.ts';

export interface RunTimeInput {
  work: Workload;
  recipe: Recipe;
  flavor: Flavor;
  /** How the flavor's accelerators share the work; alone, if not said. */
  strategy?: Strategy;
  backend: 'hf' | 'local';
  max_length: number;
}

/** Estimated from characters, four a token: of English; other text and code differ. */
const ESTIMATED_TOKENS_UNCERTAINTY = 1.3;

/** What a recipe does on a machine, in tokens and seconds. `tokens`: all that pass the model in training, padding too. */
export function runTime(input: RunTimeInput): JobTime & { tokens: number } {
  const { work, recipe, flavor, strategy = 'alone' } = input;
  const processes = strategy === 'alone' ? 1 : flavor.accelerators;
  const args = recipe.training_args;
  const own = methodRecipe(work.method);
  const reference = hasReference(work) ? own.forwards.reference : 0;
  const batch = numberOr(args.per_device_train_batch_size, 1);
  const evalBatch = numberOr(args.per_device_eval_batch_size, batch);
  const accumulation = numberOr(args.gradient_accumulation_steps, 1);
  const sequences = packedSequences(work, work.rows, input.max_length);
  const { maxSteps: _, ...request } = work.request;
  const epochSteps = totalSteps({ ...work, request }, batch * processes, accumulation, 1, sequences);
  const evaluations = evaluationsOf(work, recipe, epochSteps);

  const training = {
    count: recipe.total_steps * batchesOfStep(input, batch * processes, accumulation),
    ...batchShape(input, batch),
  };
  const held_out = packedSequences(work, work.eval_rows, input.max_length);
  const evaluated = (held_out * numberOr(args.num_generations_eval, 1)) / (evalBatch * processes);
  const evaluation = {
    count: evaluations * Math.ceil(evaluated),
    ...batchShape(input, evalBatch),
  };
  const time = jobTime({
    facts: work.facts,
    mode: recipe.mode,
    weight_bytes: recipe.weights_dtype === 'float32' ? 4 : 2,
    fp32: recipe.precision === 'fp32',
    checkpointing: checkpoints(recipe),
    trained: recipe.lora ? loraParameters(work.facts, recipe.lora.r) : work.facts.parameters,
    total_steps: recipe.total_steps,
    training,
    evaluation,
    ...(work.pictures?.counted ? { pictures: { ...work.pictures.counted.mean, ...work.pictures.mean } } : {}),
    forwards: own.forwards.own + reference,
    reference: recipe.mode === 'full' ? reference : 0,
    generation: generationRounds(input, batch * accumulation, evaluation),
    vllm: usesVllm(recipe),
    data_tokens: (work.rows + work.eval_rows) * work.tokens.mean,
    tokenizers: Math.min(numberOr(args.dataset_num_proc, 1), Math.max(1, flavor.cpus)),
    tokens_uncertainty: work.tokens.estimated ? ESTIMATED_TOKENS_UNCERTAINTY : 1,
    checkpoints: savesOf(recipe),
    backend: input.backend,
    accelerator: acceleratorOf(flavor),
    processes: { count: processes, strategy },
    cpus: flavor.cpus,
  });
  return { ...time, tokens: Math.round(training.count * training.sequences * training.tokens * processes) };
}

/**
 * Micro-batches of a step, on average: an epoch's last step takes what is left of the rows. Where prompts are answered
 * each step is whole.
 */
function batchesOfStep({ work, max_length }: RunTimeInput, batch: number, accumulation: number): number {
  if (methodRecipe(work.method).generation !== null) return accumulation;
  const epoch = Math.max(1, Math.ceil(trainedRows(work, packedSequences(work, work.rows, max_length)) / batch));
  return epoch / Math.ceil(epoch / accumulation);
}

/**
 * Before and after training, at the last step (trainer_callback.py, DefaultFlowCallback), and before it every so many
 * steps or at the end of each epoch.
 */
function evaluationsOf(work: Workload, { training_args: args, total_steps }: Recipe, epochSteps: number): number {
  if (work.eval_rows === 0) return 0;
  if (args.eval_strategy === 'no') return 2;
  const every = args.eval_strategy === 'epoch' ? epochSteps : numberOr(args.eval_steps, total_steps);
  return 2 + Math.ceil(total_steps / every);
}

/** Sequences side by side and tokens of each; packed ones are one long sequence without padding. */
function batchShape(input: RunTimeInput, batch: number): Omit<Batches, 'count'> {
  if (packs(input.work)) return { sequences: 1, tokens: batch * input.max_length, packed: true };
  const sequences = batch * methodRecipe(input.work.method).sequences;
  return { sequences, tokens: sequenceTokens(input, sequences) };
}

/** Of a sequence in a padded batch; of a prompt, its answer too, which may end sooner. */
function sequenceTokens({ work, max_length }: RunTimeInput, sequences: number): number {
  const answer = methodRecipe(work.method).generation === null ? 0 : answerTokens(work);
  const { tokens } = work;
  // A pair's tokens are counted together, its longest sequence alone; estimated ones together throughout.
  const mean = tokens.mean / sequencesOf(work);
  const share = tokens.estimated ? sequencesOf(work) : 1;
  const lengths = { mean, p50: tokens.p50 / share, p95: tokens.p95 / share, max: tokens.max / share };
  return answer + paddedTokens(lengths, sequences, max_length - answer);
}

/** The answers of each optimizer step are written together, and those of an evaluation batch by batch. */
function generationRounds(
  { work, recipe }: RunTimeInput,
  together: number,
  evaluation: { count: number; sequences: number },
) {
  if (methodRecipe(work.method).generation === null) return [];
  const steps = recipe.total_steps / numberOr(recipe.training_args.num_iterations, 1);
  const answer = { prompt: work.tokens.mean, tokens: answerTokens(work) };
  return [
    { ...answer, rounds: steps, sequences: together },
    { ...answer, rounds: evaluation.count, sequences: evaluation.sequences },
  ];
}
