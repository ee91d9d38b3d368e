import type { DatasetReport } from '../dataset/report.ts';
import type { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import { buildPlan } from '../planner/build-plan.ts';
import { doubts } from '../planner/doubts.ts';
import { hardwareNotes } from '../planner/hardware-notes.ts';
import { hardwareDecisions } from '../planner/hardware-words.ts';
import { methodDecisions } from '../planner/method-words.ts';
import { pictureDoubts } from '../planner/picture-words.ts';
import { thinkingDoubt } from '../planner/thinking.ts';
import type { Decision } from '../planner/workload.ts';
import { completePlan } from '../training/compose.ts';
import { VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import type { Destinations } from './destinations.ts';
import type { ChosenHardware } from './hardware.ts';
import { longRows } from './long-rows.ts';
import type { Inputs } from './read-inputs.ts';
import { withReward } from './reward.ts';
import type { RunChoices } from './run-choices.ts';

/** Everything that was read and chosen for a plan. */
export interface Chosen {
  request: Request;
  inputs: Inputs;
  run: RunChoices;
  hardware: ChosenHardware;
  /** The flavor of the plan that this one starts from, if it stays. */
  kept: string | undefined;
  /** Null where nothing goes to the Hub. */
  destinations: Destinations | null;
}

/** The plan with its script, its reasons and what there is to watch out for. */
export function assemblePlan(chosen: Chosen, { home, now }: Pick<CommandContext, 'home' | 'now'>): Plan {
  const { request, inputs, run, hardware, destinations } = chosen;
  const { dataset, work } = inputs;
  const { facts, method, report } = work;
  const draft = buildPlan({
    request: { ...work.request, model: facts.adapter?.id ?? facts.id, dataset: datasetAsked(request, dataset) },
    method,
    facts,
    dataset,
    report,
    rows: { used: work.rows, held_out: work.eval_rows },
    ...hardware,
    decisions: decisionsOf(chosen),
    backend: run.search.backend,
    destinations,
    home,
    notes: notesOf(chosen),
    made: { at: now().toISOString(), by: `hf-llm-trainer ${VERSION}` },
  });
  return completePlan(withReward(draft, inputs.reward));
}

function decisionsOf({ request, inputs, run, hardware, kept }: Chosen): Decision[] {
  const { why, search } = run;
  const asked = { asked: request.flavor, kept, maxCost: request.maxCost };
  return [
    ...inputs.decisions,
    ...hardwareDecisions({ ...hardware, ...asked, modes: search.modes, why }),
    ...run.decisions,
    ...methodDecisions(inputs.work, hardware.chosen),
    ...inputs.reward.decisions,
  ];
}

function notesOf({ request, inputs, run, hardware, kept, destinations }: Chosen): string[] {
  const { work, text, notes } = inputs;
  const { recipe, flavor } = hardware.chosen;
  return [
    ...notes,
    ...longRows(work, run.search.max_length),
    ...doubts(work, recipe, Math.max(1, flavor.accelerators)),
    ...thinkingDoubt(work, text),
    ...pictureDoubts(work),
    ...hardwareNotes({ ...hardware, asked: request.flavor, kept, maxCost: request.maxCost }),
    ...hardware.notes,
    ...(destinations?.notes ?? []),
  ];
}

/** By its full name; an address is kept as it is, for the revision, config or split in it. */
function datasetAsked(request: Request, report: DatasetReport): string {
  return report.source === 'hub' && request.dataset.includes('://') ? request.dataset : report.dataset;
}
