import type { PictureRules } from '../dataset/pictures/rules.ts';
import type { DatasetReport } from '../dataset/report.ts';
import type { Row } from '../dataset/rows.ts';
import type { ModelText } from '../dataset/tokenizer/model-text.ts';
import { type OpenParams, type openDataset, validateDataset } from '../dataset/validate.ts';
import type { TrainerError } from '../errors.ts';
import type { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import type { ModelFacts } from '../planner/model-facts.ts';
import { checkConflicts } from '../planner/overrides/conflicts.ts';
import { checkOverrides } from '../planner/overrides.ts';
import { lengthLimit } from '../planner/recipe/lengths.ts';
import type { Decision, Workload } from '../planner/workload.ts';
import { checkMarks } from './assistant-marks.ts';
import { chooseMethod, methodAsked } from './choose-method.ts';
import type { CommandContext } from './context.ts';
import { fullRun } from './demo.ts';
import { resolveModel } from './model.ts';
import { localModel } from './plan-refusals.ts';
import { checkPictures, checkTemplate, readyReport } from './readiness.ts';
import { type ChosenReward, chooseReward, firstRows } from './reward.ts';
import { checkSetNames } from './set-names.ts';
import { unknownTargets } from './unknown-targets.ts';
import { workload } from './workload.ts';

/** What a plan is made from: read, checked one by one and together. */
export interface Inputs {
  work: Workload;
  dataset: DatasetReport;
  /** Template and tokenizer; undefined where another model lends its template: then this one's says nothing. */
  text: ModelText | { why: string } | undefined;
  reward: ChosenReward;
  /** Which method, where nobody asked for one. */
  decisions: Decision[];
  /** What is wrong with what `--set` names where an adapter is trained; null where nothing is. */
  foreign: TrainerError | null;
  notes: string[];
}

type Opened = ReturnType<typeof openDataset>;

/** As a dataset is opened, and as it is validated. */
export const opening = (request: Request, context: CommandContext): OpenParams => {
  const { dataset: reference, config, split, full } = request;
  return { reference, options: { config, split, full }, ...context };
};

/**
 * Model, data and reward, and the work that they make. `base`: the plan that this one starts from; of the same model
 * its commit stays, data are read as they are now. Throws TrainerError for the first of them that doesn't do.
 */
export async function readInputs(
  request: Request,
  context: CommandContext,
  { base, opened }: { base: Plan | null; opened: Opened },
): Promise<Inputs> {
  context.out.progress('reading the model');
  const { facts, text: readText, pictures, sources, note } = await readModel(request, context, base);
  context.out.progress('looking at the data');
  const text = request.set?.chat_template_path === undefined ? await readText() : undefined;
  const { dataset, rows } = await readData(request, context, { facts, text, pictures, opened });
  const { method, decisions } = chooseMethod(request, dataset);
  checkOverrides(request.set ?? {}, method);
  const report = readyReport(dataset, method);
  checkPictures(facts, report, method, request);
  checkTemplate(facts, report, request);
  checkMarks(text, report, request);
  const asked = fullRun(request, dataset);
  const { pinned, foreign } = await checkSetNames(asked.request, sources, context.hub);
  const reward = await chooseReward(method, request, { dataset, report, rows }, context);
  const work = workload(facts, dataset, report, pinned, method);
  checkConflicts(work);
  const slip = unknownTargets(report.mapping ?? null, [method], true);
  const notes = [note, asked.note, changedData(base, dataset), slip].filter((line) => line !== null);
  return { work, dataset, text, reward, decisions, foreign, notes };
}

async function readModel(request: Request, context: CommandContext, base: Plan | null) {
  const kept = base?.request.model === request.model ? (base.model.adapter ?? base.model).revision : null;
  const model = await resolveModel(request.model, context, kept);
  const { source, adapter } = model.facts;
  if (request.backend !== 'local' && (source === 'local' || adapter?.source === 'local')) throw localModel(model.facts);
  return model;
}

/** The model that is to learn from the data, and these. */
interface Seeing {
  facts: ModelFacts;
  text: Inputs['text'];
  pictures: PictureRules | null;
  opened: Opened;
}

/** What the data are good for, and their first rows. */
async function readData(
  request: Request,
  context: CommandContext,
  { facts, text, pictures, opened }: Seeing,
): Promise<{ dataset: DatasetReport; rows: readonly Row[] }> {
  const { map, dropInvalid } = request;
  const { options, ...open } = opening(request, context);
  // What is not asked for is chosen for these rows later: at the most this.
  const maxLength = request.maxLength ?? lengthLimit(facts);
  const { rows, see } = firstRows();
  const dataset = await validateDataset({
    ...open,
    threads: context.threads,
    opened,
    options: { ...options, map, dropInvalid, method: methodAsked(request), maxLength },
    see,
    model: text,
    ...(pictures ? { pictures } : {}),
  });
  return { dataset, rows };
}

/** What the person has to know who approved the plan that this one starts from. */
function changedData(base: Plan | null, dataset: DatasetReport): string | null {
  if (!base || base.dataset.id !== dataset.dataset) return null;
  const same = base.dataset.revision === dataset.revision && base.dataset.fingerprint === dataset.fingerprint;
  return same ? null : `${dataset.dataset} has changed since the plan that this one starts from`;
}
