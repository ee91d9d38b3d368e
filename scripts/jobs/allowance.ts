import { TrainerError } from '../errors.ts';
import type { Plan } from '../plan/schema.ts';
import type { LedgerEntry } from './ledger.ts';

/** A job needs some minutes to start; what is left below this would be paid for nothing. */
export const LEAST_SECONDS = 120;

/** Hugging Face bills by the minute. */
const BILLED_UNIT_SECONDS = 60;

/**
 * The timeout of the next attempt of a run, seconds: what the person approved is timeout x price for the run
 * as a whole, so what its earlier attempts used is no longer there. `earlier` are the attempts of this run
 * only: `--again` is a new run, whose approval is the digest given once more, with the whole maximum again.
 * On this machine nothing is billed, so each attempt has all of it.
 * Throws TrainerError `nothing_left`.
 */
export function timeoutOfNextAttempt(plan: Plan, earlier: LedgerEntry[]): number {
  const approved = plan.limits.timeout_seconds;
  if (plan.hardware.backend === 'local' || earlier.length === 0) return approved;
  const used = earlier.reduce((sum, entry) => sum + secondsBilled(entry), 0);
  const left = approved - used;
  if (left >= LEAST_SECONDS) return left;
  throw new TrainerError(
    'approval',
    'nothing_left',
    `of the ${approved} seconds that were approved, earlier attempts of this plan used ${Math.min(used, approved)}: too little is left to go on`,
    'Make a plan with a longer --timeout (hf-llm-trainer plan --from <plan.json> --timeout ...) and show its card, or start from nothing with `submit --again`.',
  );
}

/** Unknown times count as the most that they can be. */
function secondsBilled({ job, timeout_seconds }: LedgerEntry): number {
  if (!job) return 0; // no job came of it
  if (!job.finished_at) return timeout_seconds;
  const from = Date.parse(job.started_at ?? job.created_at);
  const seconds = Math.ceil((Date.parse(job.finished_at) - from) / 1000 / BILLED_UNIT_SECONDS) * BILLED_UNIT_SECONDS;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : timeout_seconds;
}
