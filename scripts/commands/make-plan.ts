import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { validateDataset } from '../dataset/validate.ts';
import { TrainerError } from '../errors.ts';
import { LEAST_SECONDS } from '../jobs/allowance.ts';
import { shareWords } from '../output/token-lines.ts';
import { planDigest } from '../plan/digest.ts';
import { shellWord } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import { buildPlan } from '../planner/build-plan.ts';
import { chooseMaxLength } from '../planner/lengths.ts';
import type { ModelFacts } from '../planner/model-facts.ts';
import { defaultEpochs, modesFor } from '../planner/recipe.ts';
import type { SearchInput } from '../planner/search.ts';
import { heldOutRows } from '../planner/steps.ts';
import type { Workload } from '../planner/workload.ts';
import { completePlan } from '../training/compose.ts';
import { VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import { chooseDestinations, noToken } from './destinations.ts';
import { chooseHardware } from './hardware.ts';
import { resolveModel } from './model.ts';
import { checkTemplate, readyReport } from './readiness.ts';
import { chooseReward, firstRows, withReward } from './reward.ts';

/** Where no --method is given. */
export const DEFAULT_METHOD = 'sft' satisfies Method;

export interface MadePlan {
  plan: Plan;
  digest: string;
}

/**
 * From what a person asked for to a plan: reads the model, the data and the hardware, decides, and composes
 * the script. A plan that starts from `base` keeps the commit of the same model; data are read as they are now.
 */
export async function makePlan(request: Request, context: CommandContext, base: Plan | null = null): Promise<MadePlan> {
  const { hub, out } = context;
  const method = request.method ?? DEFAULT_METHOD;
  const backend = request.backend ?? 'hf';
  if (backend === 'hf' && !hub.token) throw noToken();
  if (backend === 'hf' && (request.timeout ?? LEAST_SECONDS) < LEAST_SECONDS) throw tooShort(request.timeout);

  out.progress('reading the model');
  const kept = base?.request.model === request.model ? (base.model.adapter ?? base.model).revision : null;
  const { facts, text, note } = await resolveModel(request.model, context, kept);
  if (backend === 'hf' && (facts.source === 'local' || facts.adapter?.source === 'local')) throw localModel(facts);
  out.progress('looking at the data');
  const { config, split, map, dropInvalid, full } = request;
  const first = firstRows();
  const dataset = await validateDataset({
    reference: request.dataset,
    options: { config, split, map, dropInvalid, full, method, maxLength: request.maxLength },
    see: first.see,
    // Another model's template: then this one's says nothing.
    model: request.set?.chat_template_path === undefined ? await text() : undefined,
    ...context,
  });
  const report = readyReport(dataset, method);
  checkTemplate(facts, report, request);
  const reward = await chooseReward(method, request, { dataset, report, rows: first.rows }, context);

  const work = workload(facts, dataset, report, request, method);
  const { epochs, ...epochsDecision } = defaultEpochs(work.rows, request);
  const { length, ...lengthDecision } = chooseMaxLength(work);
  if (facts.max_length !== null && length > facts.max_length) throw tooLong(length, facts);
  const { modes, why } = modesFor(facts, request.lora);
  const search: SearchInput = {
    work,
    modes,
    backend,
    max_length: length,
    epochs,
    timeout_seconds: request.timeout ?? null,
  };
  out.progress('looking at the hardware');
  const hardware = await chooseHardware(search, request, context);
  const destinations = backend === 'hf' || request.outputRepo ? await chooseDestinations(request, context) : null;
  out.progress('');

  const chosenMode = hardware.chosen.recipe.mode;
  if (chosenMode === 'lora' && facts.source === 'local' && request.outputRepo)
    throw adapterOfFolder(facts, request.outputRepo);
  const draft = buildPlan({
    request: { ...request, model: facts.adapter?.id ?? facts.id, dataset: datasetAsked(request, dataset) },
    method,
    facts,
    dataset,
    report,
    rows: { used: work.rows, held_out: work.eval_rows },
    ...hardware,
    decisions: [
      {
        what: chosenMode === 'full' ? 'all weights' : 'LoRA',
        because: chosenMode === modes[0] ? why : 'training all weights fits no hardware here',
      },
      epochsDecision,
      lengthDecision,
      ...reward.decisions,
    ],
    backend,
    destinations,
    home: context.home,
    notes: [
      note,
      changedData(base, dataset),
      ...longRows(dataset, length),
      ...hardware.notes,
      ...(destinations?.notes ?? []),
    ].filter((line) => line !== null),
    made: { at: context.now().toISOString(), by: `hf-llm-trainer ${VERSION}` },
  });
  const plan = completePlan(withReward(draft, reward));
  return { plan, digest: planDigest(plan) };
}

/** What is cut or left out at this length; nothing where it was not counted, or no row is. */
function longRows({ tokens }: DatasetReport, length: number): string[] {
  const shares = tokens?.by_length?.find(({ max_length }) => max_length === length);
  return shares && shares.truncated_share + shares.dropped_share > 0 ? [shareWords(shares)] : [];
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

function workload(
  facts: ModelFacts,
  dataset: DatasetReport,
  report: MethodReport,
  request: Request,
  method: Method,
): Workload {
  const total = dataset.rows_total ?? dataset.rows_seen;
  const invalidShare = dataset.rows_seen === 0 ? 0 : report.invalid_rows / dataset.rows_seen;
  const valid = request.dropInvalid ? total - Math.round(total * invalidShare) : total;
  const wanted = Math.min(valid, request.examples ?? valid);
  const eval_rows = heldOutRows(wanted, method, request);
  if (wanted - eval_rows < 1) {
    throw new TrainerError(
      'data',
      'no_rows',
      `${dataset.dataset} has no row to train on`,
      'Check --split and the data.',
    );
  }
  if (!dataset.tokens) {
    throw new TrainerError(
      'data',
      'unknown_length',
      `no row of ${dataset.dataset} could be seen whole: how long they are, and so what training costs, is unknown`,
      'Download the data and plan with the local files: hf download --repo-type dataset ...',
    );
  }
  return { method, facts, report, tokens: dataset.tokens, rows: wanted - eval_rows, eval_rows, request };
}

function localModel(facts: ModelFacts): TrainerError {
  const id = facts.adapter?.source === 'local' ? facts.adapter.id : facts.id;
  return new TrainerError(
    'usage',
    'local_model',
    `the model ${id} is a folder on this machine, which a job on the Hub can't read`,
    `Upload it first: hf upload <owner>/<name> ${shellWord(id)} --private, then plan with --model <owner>/<name>. Or train here: --backend local.`,
  );
}

/** An adapter names its base by the path that it was loaded from, and is nothing without it. */
function adapterOfFolder(facts: ModelFacts, repo: string): TrainerError {
  return new TrainerError(
    'usage',
    'adapter_of_local_model',
    `a LoRA adapter in ${repo} would be of no use there: its base ${facts.id} is a folder on this machine`,
    'Leave --output-repo out, train all weights (--lora off), or upload the base first and plan with its Hub id.',
  );
}

function tooShort(timeout: number | undefined): TrainerError {
  return new TrainerError(
    'usage',
    'too_short',
    `--timeout ${timeout} s: a job needs longer than that to start, and would be paid for nothing`,
    `Give --timeout ${LEAST_SECONDS / 60}m or more, or leave it out.`,
  );
}

function tooLong(length: number, facts: ModelFacts): TrainerError {
  return new TrainerError(
    'usage',
    'too_long',
    `--max-length ${length} is more than the ${facts.max_length} tokens that ${facts.id} reads`,
    `Give --max-length ${facts.max_length} or less.`,
  );
}
