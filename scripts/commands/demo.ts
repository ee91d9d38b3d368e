import type { DatasetReport } from '../dataset/report.ts';
import { TrainerError } from '../errors.ts';
import type { Demo } from '../output/demo-line.ts';
import type { Request } from '../plan/request.ts';
import type { Candidate, SearchInput } from '../planner/candidate.ts';
import { doubts } from '../planner/doubts.ts';
import { chooseMaxLength } from '../planner/lengths.ts';
import { checkConflicts } from '../planner/override-conflicts.ts';
import { cents } from '../planner/rounding.ts';
import { grouped } from '../printable.ts';
import { plannedOn } from './hardware.ts';
import { workload } from './workload.ts';

/** A run that costs more is tried on a few rows first. USD. */
const WORTH_A_DEMO = 3;
const EXAMPLES = 100;
/** Of the whole run's price: what costs more is no trial. */
const AT_MOST = 0.25;

/** Rows that are estimated are surely fewer than twice as many. */
const SURELY = 2;

/** The request as it is, or without --examples where these are all rows: that is no demo. */
export function fullRun(
  request: Request,
  { rows_total, rows_estimated }: Pick<DatasetReport, 'rows_total' | 'rows_estimated'>,
): { request: Request; note: string | null } {
  const { examples, ...whole } = request;
  if (examples === undefined || rows_total === null) return { request, note: null };
  if (examples < rows_total * (rows_estimated ? SURELY : 1)) return { request, note: null };
  const about = rows_estimated ? 'about ' : '';
  return {
    request: whole,
    note: `--examples ${examples}: that is all of the data (rows: ${about}${grouped(rows_total)}), so it is the full run`,
  };
}

/** The same run on a few rows of the same data, where this one costs more than a few dollars, and much more than that. */
export function demoOf(input: SearchInput, chosen: Candidate, dataset: DatasetReport): Demo | null {
  const { facts, method, report, request, rows } = input.work;
  if (input.backend === 'local' || request.examples !== undefined || rows <= EXAMPLES) return null;
  if (cents(chosen.usd) <= WORTH_A_DEMO) return null;
  const { maxSteps: _, ...kept } = request;
  try {
    const work = workload(facts, dataset, report, { ...kept, examples: EXAMPLES, epochs: 1 }, method);
    checkConflicts(work);
    const few = { ...input, work, epochs: 1, max_length: chooseMaxLength(work).length };
    const demo = plannedOn(chosen.flavor, few, request.maxCost);
    if (!demo || demo.usd > AT_MOST * chosen.usd) return null;
    doubts(work, demo.recipe, Math.max(1, demo.flavor.accelerators));
    return { examples: EXAMPLES, seconds: Math.round(demo.seconds), usd: cents(demo.usd) };
  } catch (error) {
    // What was asked for can't be done with so few rows: an evaluation, for example, or a large batch of prompts.
    if (error instanceof TrainerError) return null;
    throw error;
  }
}
