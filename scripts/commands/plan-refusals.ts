import { TrainerError } from '../errors.ts';
import { LEAST_SECONDS } from '../jobs/allowance.ts';
import { shellWord } from '../plan/mapping.ts';
import type { Request } from '../plan/request.ts';
import type { ModelFacts } from '../planner/model-facts.ts';
import { picturesTooLong } from '../planner/picture-words.ts';
import { methodRecipe } from '../planner/recipe/method-recipe.ts';
import type { Candidate } from '../planner/search/candidate.ts';
import { stoppingSeconds } from '../planner/time.ts';
import type { Workload } from '../planner/workload.ts';

export function localModel(facts: ModelFacts): TrainerError {
  const id = facts.adapter?.source === 'local' ? facts.adapter.id : facts.id;
  return new TrainerError(
    'usage',
    'local_model',
    `the model ${id} is a folder on this machine, which a job on the Hub can't read`,
    `Upload it first: hf upload <owner>/<name> ${shellWord(id)} --private, then plan with --model <owner>/<name>. Or train here: --backend local.`,
  );
}

/**
 * Throws TrainerError `usage` where an adapter is trained, and `--set` names tokens that it can't learn (`foreign`), or
 * its base is nowhere but on this machine: it names its base by the path that it was loaded from, and is nothing without.
 */
export function checkAdapter(
  { outputRepo: repo }: Request,
  { recipe }: Pick<Candidate, 'recipe'>,
  { work: { facts }, foreign }: { work: Pick<Workload, 'facts'>; foreign: TrainerError | null },
): void {
  if (recipe.mode === 'full') return;
  if (foreign) throw foreign;
  if (facts.source !== 'local' || !repo) return;
  throw new TrainerError(
    'usage',
    'adapter_of_local_model',
    `a LoRA adapter in ${repo} would be of no use there: its base ${facts.id} is a folder on this machine`,
    'Leave --output-repo out, train all weights (--lora off), or upload the base first and plan with its Hub id.',
  );
}

export function tooShort(timeout: number | undefined, least = LEAST_SECONDS): TrainerError {
  return new TrainerError(
    'usage',
    'too_short',
    `--timeout ${timeout} s: a job needs longer than that to start, and would be paid for nothing`,
    `Give --timeout ${Math.ceil(least / 60)}m or more, or leave it out.`,
  );
}

/** Throws TrainerError `too_short` where a job would be stopped before its first step. */
export function checkTimeout(request: Request, { time }: Pick<Candidate, 'time'>, backend: 'hf' | 'local'): void {
  const { timeout } = request;
  if (backend === 'local' || timeout === undefined) return;
  const begins = (seconds: number): boolean => seconds - stoppingSeconds(seconds, time.stopping) > time.parts.setup;
  if (begins(timeout)) return;
  let least = Math.ceil(timeout / 60) * 60;
  while (!begins(least)) least += 60;
  throw tooShort(timeout, least);
}

/** `length`: what the longest sequence would have; `most`: what the model reads. */
export function tooLong(length: number, most: number, work: Workload): TrainerError {
  const { facts, method, request } = work;
  const answer = request.set?.max_completion_length;
  if (methodRecipe(method).generation !== null && answer !== undefined) {
    return new TrainerError(
      'usage',
      'too_long',
      `answers of ${String(answer)} tokens after prompts of up to ${length - Number(answer)} are more than the ${most} tokens that ${facts.id} reads`,
      `Give --set max_completion_length=${most - (length - Number(answer))} or less.`,
    );
  }
  if (work.report.vision) return picturesTooLong(length, most, work);
  return new TrainerError(
    'usage',
    'too_long',
    `--max-length ${length} is more than the ${most} tokens that ${facts.id} reads`,
    `Give --max-length ${most} or less.`,
  );
}
