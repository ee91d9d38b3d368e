import type { Request } from '../plan/request.ts';
import { pictureDecision } from '../planner/picture-words.ts';
import { chooseMaxLength } from '../planner/recipe/lengths.ts';
import { defaultEpochs } from '../planner/recipe.ts';
import type { SearchInput } from '../planner/search/candidate.ts';
import { modesFor } from '../planner/search/modes.ts';
import type { Decision, Workload } from '../planner/workload.ts';
import { tooLong } from './plan-refusals.ts';

/** How long to train and in which modes: what hardware is looked for with. */
export interface RunChoices {
  search: SearchInput;
  /** Why these modes. */
  why: string;
  /** Epochs and the longest sequence. */
  decisions: Decision[];
}

/** Throws TrainerError `usage` for sequences longer than the model reads, and for a mode that it can't be trained in. */
export function chooseRun(work: Workload, request: Request): RunChoices {
  const { epochs, ...epochsDecision } = defaultEpochs(work.rows, work.request);
  const { length, ...lengthDecision } = chooseMaxLength(work);
  const most = work.facts.max_length;
  if (most !== null && length > most) throw tooLong(length, most, work);
  const { modes, why } = modesFor(work.facts, request.lora, request.set);
  const timeout_seconds = request.timeout ?? null;
  const backend = request.backend ?? 'hf';
  return {
    search: { work, modes, backend, max_length: length, epochs, timeout_seconds },
    why,
    decisions: [epochsDecision, lengthDecision, ...pictureDecision(work)],
  };
}
