import { TrainerError } from '../errors.ts';
import { money } from '../output/units.ts';
import { type Candidate, cents } from '../planner/search.ts';

/** The cap counts the most that a job can bill, not the estimate. USD. `other`: what stays within the cap. */
export function overBudget(maxUsd: number, maxCost: number, other?: Candidate): TrainerError {
  return new TrainerError(
    'approval',
    'over_budget',
    `the job could bill ${money(maxUsd)} (its timeout x its price), more than --max-cost ${maxCost}`,
    other
      ? `On --flavor ${other.flavor.name} it could bill ${money(cents(other.max_usd))} at the most. Or raise --max-cost, or plan it smaller: fewer --examples, --epochs or --max-steps.`
      : 'Raise --max-cost, or plan it smaller: a shorter --timeout, fewer --examples, --epochs or --max-steps.',
  );
}
