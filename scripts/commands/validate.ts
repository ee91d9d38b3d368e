import { parseMapping } from '../dataset/mapping.ts';
import type { DatasetReport } from '../dataset/report.ts';
import type { ValidateOptions } from '../dataset/validate.ts';
import { validateDataset } from '../dataset/validate.ts';
import { EXIT } from '../errors.ts';
import { renderDatasetReport } from '../output/dataset-report.ts';
import { rowProgress } from '../output/row-progress.ts';
import { type Method, PLANNED, type Planned } from '../plan/methods.ts';
import { mappingPython } from '../training/mapping-python.ts';
import type { CommandContext } from './context.ts';
import { resolveModelText } from './model.ts';
import { unknownTargets } from './unknown-targets.ts';

/** Exit code 3 where the data is not ready for the method asked for or, if none was, for any. */
export async function validateCommand(
  reference: string,
  options: ValidateOptions & { model?: string },
  context: CommandContext,
): Promise<number> {
  const { out } = context;
  const stop = context.stopSignal();
  const progress = rowProgress(out, context.now);
  if (options.model !== undefined) out.progress('reading the tokenizer');
  const model = options.model === undefined ? null : await resolveModelText(options.model, context);
  out.progress('looking at the data');
  const report = await validateDataset({
    reference,
    options,
    model: model?.text,
    pictures: model?.pictures,
    ...context,
    stop,
    progress,
  }).finally(() => out.progress(''));
  for (const method of Object.values(report.methods)) {
    if (method.mapping) method.mapping_python = mappingPython(method.mapping);
  }
  const unknown = ready(report) ? null : unknownTargets(parseMapping(options.map ?? []), planned(options.method));
  if (unknown !== null) report.notes.unshift(unknown);
  if (model?.note) report.notes.unshift(model.note);
  out.result(report, () => renderDatasetReport(report, reference, options));
  return ready(report) ? EXIT.ok : EXIT.data;
}

const ready = ({ methods }: DatasetReport): boolean =>
  Object.values(methods).some(({ verdict }) => verdict === 'READY');

/** Those that have a trainer, or of them the one asked for. */
const planned = (asked: Method | undefined): Planned[] =>
  PLANNED.filter((method) => asked === undefined || method === asked);
