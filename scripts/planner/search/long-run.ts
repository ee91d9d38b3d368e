import { TrainerError } from '../../errors.ts';
import type { Candidate } from './candidate.ts';

const DAY = 24 * 3600;
/** Of more than so many days the card says what shortens the run, and of more than so many no plan is made. */
const LONG_DAYS = 1;
const MOST_DAYS = 30;
const SHORTER = 'fewer --examples, --epochs or --max-steps, or a faster --flavor, shorten it';

/** What is wrong with a run of days, for the card. Throws TrainerError `usage` for one that nobody means. */
export function longRun({ seconds, flavor }: Pick<Candidate, 'seconds' | 'flavor'>): string[] {
  const days = seconds / DAY;
  if (days <= LONG_DAYS) return [];
  const takes = `${Number(days.toPrecision(2)).toLocaleString('en-US')} days on ${flavor.name}`;
  if (days <= MOST_DAYS) return [`the run takes ${takes}: ${SHORTER}`];
  throw new TrainerError(
    'usage',
    'run_too_long',
    `the run would take ${takes}: no plan is made for more than ${MOST_DAYS}`,
    `Make it smaller: ${SHORTER}.`,
  );
}
