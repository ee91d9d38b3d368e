import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { TrainerError } from '../errors.ts';
import type { Planned } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { ModelFacts } from '../planner/model-facts.ts';
import { heldOutRows } from '../planner/recipe/steps.ts';
import type { Workload } from '../planner/workload.ts';

/**
 * Rows to train on and to hold out, and how long they are; with the whole run where this is a demo. Throws TrainerError
 * `data` where either is unknown.
 */
export function workload(
  facts: ModelFacts,
  dataset: DatasetReport,
  report: MethodReport,
  request: Request,
  method: Planned,
): Workload {
  const work = oneRun(facts, dataset, report, request, method);
  if (request.examples === undefined) return work;
  // How long a demo trains says nothing about the whole run.
  const { examples: _, epochs: _epochs, maxSteps: _steps, ...all } = request;
  return { ...work, whole: oneRun(facts, dataset, report, all, method) };
}

function oneRun(
  facts: ModelFacts,
  dataset: DatasetReport,
  report: MethodReport,
  request: Request,
  method: Planned,
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
  const { pictures } = dataset;
  const seen =
    report.vision && pictures?.counted ? { tokens: pictures.counted.rows, pictures } : { tokens: dataset.tokens };
  return { method, facts, report, ...seen, rows: wanted - eval_rows, eval_rows, request };
}
