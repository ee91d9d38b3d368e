import { parseMapping } from '../dataset/mapping.ts';
import type { DatasetReport } from '../dataset/report.ts';
import { openDataset, validateDataset } from '../dataset/validate.ts';
import { LEAST_SECONDS } from '../jobs/allowance.ts';
import type { Demo, NoDemo } from '../output/demo-line.ts';
import { planDigest } from '../plan/digest.ts';
import type { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import { buildPlan } from '../planner/build-plan.ts';
import { doubts } from '../planner/doubts.ts';
import { hardwareDecisions } from '../planner/hardware-words.ts';
import { methodDecisions } from '../planner/method-words.ts';
import { checkConflicts } from '../planner/overrides/conflicts.ts';
import { checkOverrides } from '../planner/overrides.ts';
import { chooseMaxLength, lengthLimit } from '../planner/recipe/lengths.ts';
import { defaultEpochs } from '../planner/recipe.ts';
import type { SearchInput } from '../planner/search/candidate.ts';
import { modesFor } from '../planner/search/modes.ts';
import { thinkingDoubt } from '../planner/thinking.ts';
import { completePlan } from '../training/compose.ts';
import { VERSION } from '../version.ts';
import { checkMarks } from './assistant-marks.ts';
import { chooseMethod, methodAsked } from './choose-method.ts';
import type { CommandContext } from './context.ts';
import { demoOf, fullRun } from './demo.ts';
import { chooseDestinations, noToken } from './destinations.ts';
import { chooseHardware } from './hardware.ts';
import { longRows } from './long-rows.ts';
import { resolveModel } from './model.ts';
import { adapterOfFolder, checkTimeout, localModel, tooLong, tooShort } from './plan-refusals.ts';
import { catalogue } from './prices.ts';
import { checkPictures, checkTemplate, readyReport } from './readiness.ts';
import { chooseReward, firstRows, withReward } from './reward.ts';
import { checkSetNames } from './set-names.ts';
import { unknownTargets } from './unknown-targets.ts';
import { workload } from './workload.ts';

export interface MadePlan {
  plan: Plan;
  digest: string;
  /** The same on a few rows, or why that is not worth it; null for a run that costs little. */
  demo: Demo | NoDemo | null;
}

/** The plan that another one starts from, and its flavor where the other is to run there as well. */
export interface Base {
  plan: Plan;
  flavor: string | undefined;
}

/**
 * From what a person asked for to a plan: reads the model, the data and the hardware, decides, and composes
 * the script. A plan that starts from another keeps the commit of the same model; data are read as they are now.
 */
export async function makePlan(request: Request, context: CommandContext, from: Base | null = null): Promise<MadePlan> {
  const base = from?.plan ?? null;
  const { hub, out } = context;
  const backend = request.backend ?? 'hf';
  if (backend === 'hf' && !hub.token) throw noToken();
  if (backend === 'hf' && (request.timeout ?? LEAST_SECONDS) < LEAST_SECONDS) throw tooShort(request.timeout);

  const { config, split, map, dropInvalid, full } = request;
  const opening = { reference: request.dataset, options: { config, split, full }, ...context };
  // Asked for at once, awaited where it is needed: no answer waits for another.
  const opened = ahead(openDataset(opening));
  const priced = backend === 'hf' ? ahead(catalogue(context)) : null;
  const placed = backend === 'hf' || request.outputRepo ? ahead(chooseDestinations(request, context)) : null;
  out.progress('reading the model');
  const kept = base?.request.model === request.model ? (base.model.adapter ?? base.model).revision : null;
  const { facts, text, sources, note } = await resolveModel(request.model, context, kept);
  if (backend === 'hf' && (facts.source === 'local' || facts.adapter?.source === 'local')) throw localModel(facts);
  out.progress('looking at the data');
  // Another model's template: then this one's says nothing.
  const model = request.set?.chat_template_path === undefined ? await text() : undefined;
  const first = firstRows();
  const dataset = await validateDataset({
    ...opening,
    opened,
    options: {
      ...{ config, split, map, dropInvalid, full },
      method: methodAsked(request),
      // What is not asked for is chosen for these rows below: at the most this.
      maxLength: request.maxLength ?? lengthLimit(facts),
    },
    see: first.see,
    model,
  });
  const { method, decisions } = chooseMethod(request, dataset);
  checkOverrides(request.set ?? {}, method);
  const report = readyReport(dataset, method);
  checkPictures(facts, report, method, request);
  checkTemplate(facts, report, request);
  checkMarks(model, report, request);
  const asked = fullRun(request, dataset);
  const { pinned, foreign } = await checkSetNames(asked.request, sources, hub);
  const reward = await chooseReward(method, request, { dataset, report, rows: first.rows }, context);

  const work = workload(facts, dataset, report, pinned, method);
  checkConflicts(work);
  const { epochs, ...epochsDecision } = defaultEpochs(work.rows, pinned);
  const { length, ...lengthDecision } = chooseMaxLength(work);
  if (facts.max_length !== null && length > facts.max_length) throw tooLong(length, facts.max_length, work);
  const { modes, why } = modesFor(facts, request.lora, request.set);
  const search: SearchInput = {
    work,
    modes,
    backend,
    max_length: length,
    epochs,
    timeout_seconds: request.timeout ?? null,
  };
  out.progress('looking at the hardware');
  const hardware = await chooseHardware(
    search,
    { ...request, flavor: request.flavor ?? from?.flavor },
    context,
    priced,
  );
  checkTimeout(request, hardware.chosen, backend);
  const destinations = await placed;
  out.progress('');

  const chosenMode = hardware.chosen.recipe.mode;
  if (chosenMode !== 'full' && foreign) throw foreign;
  if (chosenMode !== 'full' && facts.source === 'local' && request.outputRepo)
    throw adapterOfFolder(facts, request.outputRepo);
  const draft = buildPlan({
    request: { ...pinned, model: facts.adapter?.id ?? facts.id, dataset: datasetAsked(request, dataset) },
    method,
    facts,
    dataset,
    report,
    rows: { used: work.rows, held_out: work.eval_rows },
    ...hardware,
    decisions: [
      ...decisions,
      ...hardwareDecisions({
        ...hardware,
        ...{ modes, why },
        ...{ asked: request.flavor, kept: from?.flavor, maxCost: request.maxCost },
      }),
      epochsDecision,
      lengthDecision,
      ...methodDecisions(work, hardware.chosen),
      ...reward.decisions,
    ],
    backend,
    destinations,
    home: context.home,
    notes: [
      note,
      asked.note,
      changedData(base, dataset),
      unknownTargets(parseMapping(request.map ?? []), [method], true),
      ...longRows(work, length),
      ...doubts(work, hardware.chosen.recipe, Math.max(1, hardware.chosen.flavor.accelerators)),
      ...thinkingDoubt(work, model),
      ...hardware.notes,
      ...(destinations?.notes ?? []),
    ].filter((line) => line !== null),
    made: { at: context.now().toISOString(), by: `hf-llm-trainer ${VERSION}` },
  });
  const plan = completePlan(withReward(draft, reward));
  return { plan, digest: planDigest(plan), demo: demoOf(search, hardware, dataset) };
}

/** What fails is said where it is awaited, or not at all where the plan fails before. */
function ahead<T>(asked: Promise<T>): Promise<T> {
  asked.catch(() => undefined);
  return asked;
}

/** By its full name; an address is kept as it is, for the revision, config or split in it. */
function datasetAsked(request: Request, report: DatasetReport): string {
  return report.source === 'hub' && request.dataset.includes('://') ? request.dataset : report.dataset;
}

/** What the person has to know who approved the plan that this one starts from. */
function changedData(base: Plan | null, dataset: DatasetReport): string | null {
  if (!base || base.dataset.id !== dataset.dataset) return null;
  const same = base.dataset.revision === dataset.revision && base.dataset.fingerprint === dataset.fingerprint;
  return same ? null : `${dataset.dataset} has changed since the plan that this one starts from`;
}
