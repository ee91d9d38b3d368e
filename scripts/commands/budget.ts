import { TrainerError } from '../errors.ts';
import { money } from '../output/units.ts';

/** The cap counts the most that a job can bill, not the estimate. USD. */
export function overBudget(maxUsd: number, maxCost: number): TrainerError {
  return new TrainerError(
    'approval',
    'over_budget',
    `the job could bill ${money(maxUsd)} (its timeout x its price), more than --max-cost ${maxCost}`,
    'Raise --max-cost, or plan it smaller: a shorter --timeout, fewer --examples, --epochs or --max-steps.',
  );
}
