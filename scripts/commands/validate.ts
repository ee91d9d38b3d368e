import type { ValidateOptions } from '../dataset/validate.ts';
import { validateDataset } from '../dataset/validate.ts';
import { EXIT } from '../errors.ts';
import { renderDatasetReport } from '../output/dataset-report.ts';
import { rowProgress } from '../output/row-progress.ts';
import { mappingPython } from '../training/mapping-python.ts';
import type { CommandContext } from './context.ts';
import { resolveModelText } from './model.ts';

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
    ...context,
    stop,
    progress,
  }).finally(() => out.progress(''));
  for (const method of Object.values(report.methods)) {
    if (method.mapping) method.mapping_python = mappingPython(method.mapping);
  }
  if (model?.note) report.notes.unshift(model.note);
  out.result(report, () => renderDatasetReport(report, reference, options));
  return Object.values(report.methods).some(({ verdict }) => verdict === 'READY') ? EXIT.ok : EXIT.data;
}
