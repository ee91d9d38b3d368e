import { TrainerError } from '../errors.ts';
import { money } from '../output/units.ts';
import { cents } from '../planner/rounding.ts';
import type { Candidate } from '../planner/search/candidate.ts';

/** The cap counts the most that a job can bill, not the estimate. USD. `other`: what stays within the cap. */
export function overBudget(maxUsd: number, maxCost: number, other?: Candidate): TrainerError {
  return refused(
    `the job could bill ${money(maxUsd)}`,
    maxCost,
    other
      ? `On --flavor ${other.flavor.name} it could bill ${money(cents(other.max_usd))} at the most. Or raise --max-cost, or plan it smaller: fewer --examples, --epochs or --max-steps.`
      : undefined,
  );
}

/** Of all hardware, and of adapters where these will do: what can bill least. */
export function allOverBudget({ flavor, recipe, max_usd }: Candidate, maxCost: number): TrainerError {
  const way = `${recipe.mode === 'full' ? 'all weights' : recipe.mode} on ${flavor.name}`;
  return refused(`even the cheapest job, ${way}, could bill ${money(cents(max_usd))}`, maxCost);
}

const refused = (
  what: string,
  maxCost: number,
  hint = 'Raise --max-cost, or plan it smaller: a shorter --timeout, fewer --examples, --epochs or --max-steps.',
): TrainerError =>
  new TrainerError(
    'approval',
    'over_budget',
    `${what} (its timeout x its price), more than --max-cost ${maxCost}`,
    hint,
  );
