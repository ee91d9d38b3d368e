import type { DatasetReport } from '../dataset/report.ts';
import { TrainerError } from '../errors.ts';
import type { Demo, NoDemo } from '../output/demo-line.ts';
import { money } from '../output/units.ts';
import type { Request } from '../plan/request.ts';
import { doubts } from '../planner/doubts.ts';
import { checkConflicts } from '../planner/overrides/conflicts.ts';
import { chooseMaxLength } from '../planner/recipe/lengths.ts';
import { cents } from '../planner/rounding.ts';
import { affordable, type Candidate, type SearchInput } from '../planner/search/candidate.ts';
import { choose } from '../planner/search/choose.ts';
import { LORA_FLAG } from '../planner/search/modes.ts';
import { search } from '../planner/search.ts';
import { grouped } from '../printable.ts';
import { plannedOn } from './hardware.ts';
import { workload } from './workload.ts';

/** A run that costs more is tried on a few rows first. USD. */
const WORTH_A_DEMO = 3;
const EXAMPLES = 100;
/** Of the whole run's price: what costs more saves little where the data turn out wrong. */
const AT_MOST = 2 / 3;

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

/**
 * The same run on a few rows of the same data, where this one costs more than a few dollars and those clearly less. Why
 * there is none, where a run costs dollars.
 */
export function demoOf(
  input: SearchInput,
  { chosen, fitting }: { chosen: Candidate; fitting: readonly Candidate[] },
  dataset: DatasetReport,
): Demo | NoDemo | null {
  const { facts, method, report, request, rows } = input.work;
  if (input.backend === 'local' || request.examples !== undefined) return null;
  if (cents(chosen.usd) <= WORTH_A_DEMO) return null;
  if (rows <= EXAMPLES)
    return { none: `${EXAMPLES} examples would be all of the data; fewer --epochs make a short run` };
  const { maxSteps: _, ...kept } = request;
  try {
    const work = workload(facts, dataset, report, { ...kept, examples: EXAMPLES, epochs: 1 }, method);
    checkConflicts(work);
    const few = { ...input, work, epochs: 1, max_length: chooseMaxLength(work).length };
    const { demo, worth } = worthIt(few, chosen, fitting);
    if (!demo || !worth) return tooDear(demo, chosen);
    doubts(work, demo.recipe, Math.max(1, demo.flavor.accelerators));
    const { mode } = chosen.recipe;
    const same = plannedOn(demo.flavor, few, request.maxCost)?.recipe.mode === mode;
    return {
      ...{ examples: EXAMPLES, seconds: Math.round(demo.seconds), usd: cents(demo.usd) },
      ...(demo.flavor.name === chosen.flavor.name ? {} : { flavor: demo.flavor.name }),
      ...(same ? {} : { lora: LORA_FLAG[mode] }),
    };
  } catch (error) {
    // What was asked for can't be done with so few rows: an evaluation, for example, or a large batch of prompts.
    if (error instanceof TrainerError) return { none: `${EXAMPLES} examples are too few here: ${error.message}` };
    throw error;
  }
}

/**
 * Where the whole run goes: there it shows memory and speed, too. Where that saves too little, elsewhere in the same mode
 * and precision: it shows what the data teach.
 */
function worthIt(
  few: SearchInput,
  whole: Candidate,
  fitting: readonly Candidate[],
): { demo: Candidate | undefined; worth: boolean } {
  const { request } = few.work;
  const { recipe, flavor } = whole;
  const same = { ...few, modes: [recipe.mode] };
  const there = plannedOn(flavor, same, request.maxCost);
  const saves = (one: Candidate | undefined): boolean => one !== undefined && one.usd <= AT_MOST * whole.usd;
  if (saves(there) || request.flavor !== undefined) return { demo: there, worth: saves(there) };
  const found = search(
    same,
    fitting.map((one) => one.flavor),
  );
  const elsewhere = choose(
    found.filter((one) => one.recipe.precision === recipe.precision).filter(affordable(request.maxCost)),
  );
  return { demo: elsewhere ?? there, worth: saves(elsewhere) };
}

function tooDear(demo: Candidate | undefined, whole: Candidate): NoDemo {
  if (!demo) return { none: `${EXAMPLES} examples could bill more than --max-cost, too` };
  const { setup, saving } = demo.time.parts;
  const most = setup + saving > demo.seconds / 2 ? ', most of it to load the model and to save it' : '';
  return { none: `${EXAMPLES} examples would cost ${money(cents(demo.usd))} of the ${money(cents(whole.usd))}${most}` };
}
