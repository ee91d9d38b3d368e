import { TrainerError } from '../errors.ts';
import { LEAST_SECONDS } from '../jobs/allowance.ts';
import { shellWord } from '../plan/mapping.ts';
import type { ModelFacts } from '../planner/model-facts.ts';

export function localModel(facts: ModelFacts): TrainerError {
  const id = facts.adapter?.source === 'local' ? facts.adapter.id : facts.id;
  return new TrainerError(
    'usage',
    'local_model',
    `the model ${id} is a folder on this machine, which a job on the Hub can't read`,
    `Upload it first: hf upload <owner>/<name> ${shellWord(id)} --private, then plan with --model <owner>/<name>. Or train here: --backend local.`,
  );
}

/** An adapter names its base by the path that it was loaded from, and is nothing without it. */
export function adapterOfFolder(facts: ModelFacts, repo: string): TrainerError {
  return new TrainerError(
    'usage',
    'adapter_of_local_model',
    `a LoRA adapter in ${repo} would be of no use there: its base ${facts.id} is a folder on this machine`,
    'Leave --output-repo out, train all weights (--lora off), or upload the base first and plan with its Hub id.',
  );
}

export function tooShort(timeout: number | undefined): TrainerError {
  return new TrainerError(
    'usage',
    'too_short',
    `--timeout ${timeout} s: a job needs longer than that to start, and would be paid for nothing`,
    `Give --timeout ${LEAST_SECONDS / 60}m or more, or leave it out.`,
  );
}

export function tooLong(length: number, facts: ModelFacts): TrainerError {
  return new TrainerError(
    'usage',
    'too_long',
    `--max-length ${length} is more than the ${facts.max_length} tokens that ${facts.id} reads`,
    `Give --max-length ${facts.max_length} or less.`,
  );
}
