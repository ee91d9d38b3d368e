import { TrainerError } from '../../errors.ts';
import type { Planned } from '../../plan/methods.ts';
import type { Request } from '../../plan/request.ts';
import type { Recipe } from '../../plan/schema.ts';
import { numberOr, type Workload } from '../workload.ts';
import { methodRecipe } from './method-recipe.ts';

/** Rows to hold out: one in twenty, between 8 and 200, where there are enough and it isn't a demo. */
export function heldOutRows(rows: number, method: Planned, request: Request): number {
  if (request.examples !== undefined || rows < 100) return 0;
  // Each has to be answered, several times over.
  const most = methodRecipe(method).generation === null ? 200 : 16;
  return Math.min(most, Math.max(8, Math.round(rows / 20)));
}

/**
 * Sequences an optimizer step learns from: 16 rows, fewer where there would be too few steps, and of prompts a quarter;
 * of packed sequences so many as hold those rows.
 */
export function effectiveBatch({ rows, method }: Pick<Workload, 'rows' | 'method'>, sequences: number): number {
  const batch = rows < 1000 ? 8 : 16;
  if (methodRecipe(method).generation !== null) return Math.min(batch / 4, rows);
  return Math.max(1, Math.round((batch * sequences) / rows));
}

/** Answers to each prompt; 1 where the data have the answers. */
export const answersPerPrompt = ({ method, request }: Workload): number =>
  numberOr(request.set?.num_generations, methodRecipe(method).generation?.per_prompt ?? 1);

/** Answers to each held-out prompt: two are enough to see how well it is answered. */
export const evalAnswers = ({ method, request }: Workload): number =>
  methodRecipe(method).generation === null ? 1 : numberOr(request.set?.num_generations_eval, 2);

/**
 * Sequences in a process's batch of an evaluation; those of all processes are whole groups of answers, as TRL wants.
 * Throws TrainerError `usage` for others.
 */
export function evalBatch(work: Workload, batch: number, processes = 1): number {
  const answers = evalAnswers(work);
  const size = numberOr(work.request.set?.per_device_eval_batch_size, answers * Math.ceil(batch / answers));
  if ((size * processes) % answers === 0) return size;
  throw new TrainerError(
    'usage',
    'batch_and_generations',
    `per_device_eval_batch_size${times(processes)} must be a multiple of num_generations_eval, ${answers}`,
    'Leave per_device_eval_batch_size out, or change one of them.',
  );
}

/**
 * Batch sizes of one device to try, largest first; one that was asked for is the only one. Where prompts are answered,
 * a batch counts answers, and TRL refuses a step that doesn't hold all answers to its prompts. Throws TrainerError
 * `usage` where what was asked for leads to such a step. `sequences`: packed ones, else the rows.
 */
export function batchesFor(work: Workload, sequences = work.rows, processes = 1): number[] {
  const set = work.request.set ?? {};
  const asked = set.per_device_train_batch_size;
  const answers = answersPerPrompt(work);
  const most = effectiveBatch(work, sequences) * answers;
  // KTO compares a row with its neighbours in the batch.
  const least = work.method === 'kto' ? 2 : 1;
  const sizes = [16, 8, 4, 2, 1].filter((batch) => batch >= least && (batch * processes <= most || batch === least));
  const batches = asked === undefined ? sizes : [numberOr(asked, 1)];
  const fitting = batches.filter((batch) => (batch * processes * (accumulationAsked(work) ?? answers)) % answers === 0);
  if (fitting.length > 0) return fitting;
  throw new TrainerError(
    'usage',
    'batch_and_generations',
    `per_device_train_batch_size x gradient_accumulation_steps${times(processes)} must be a multiple of num_generations, ${answers}`,
    'Leave gradient_accumulation_steps out, or change one of them.',
  );
}

/** Sequences that an optimizer step learns from, on all processes; answers, where prompts are answered. */
export const sequencesOfStep = ({ training_args: args }: Pick<Recipe, 'training_args'>, processes = 1): number =>
  numberOr(args.per_device_train_batch_size, 1) * numberOr(args.gradient_accumulation_steps, 1) * processes;

const accumulationAsked = ({ request }: Workload): number | undefined =>
  request.set?.gradient_accumulation_steps === undefined
    ? undefined
    : numberOr(request.set.gradient_accumulation_steps, 1);

const times = (processes: number): string => (processes > 1 ? ` x ${processes} processes` : '');

/** Micro-batches of an optimizer step; `batch` counts those of all processes. */
export function accumulationFor(work: Workload, batch: number, sequences = work.rows): number {
  const asked = accumulationAsked(work);
  if (asked !== undefined) return asked;
  const answers = answersPerPrompt(work);
  let accumulation = Math.max(1, Math.ceil((effectiveBatch(work, sequences) * answers) / batch));
  while ((batch * accumulation) % answers !== 0) accumulation++;
  return accumulation;
}

/** KTO makes two rows of a pair. */
export const trainedRows = ({ method, report }: Workload, sequences: number): number =>
  method === 'kto' && report.format === 'preference' ? 2 * sequences : sequences;

/**
 * Steps that transformers' Trainer makes of these rows, or of the packed sequences that they become; where prompts are
 * answered, TRL leaves the last few out. `batch` counts those of all processes.
 */
export function totalSteps(
  work: Workload,
  batch: number,
  accumulation: number,
  epochs: number,
  sequences = work.rows,
): number {
  const { request, method } = work;
  if (request.maxSteps !== undefined) return request.maxSteps;
  if (methodRecipe(method).generation !== null) {
    const prompts = (batch * accumulation) / answersPerPrompt(work);
    const passes = Math.floor(work.rows / prompts) * numberOr(request.set?.num_iterations, 1);
    return Math.max(1, Math.ceil(epochs * passes));
  }
  const rows = trainedRows(work, sequences);
  return Math.max(1, Math.ceil(epochs * Math.max(1, Math.ceil(Math.ceil(rows / batch) / accumulation))));
}
