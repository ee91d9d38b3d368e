import type { ValidateOptions } from '../dataset/validate.ts';
import { validateDataset } from '../dataset/validate.ts';
import { EXIT } from '../errors.ts';
import { renderDatasetReport } from '../output/dataset-report.ts';
import type { CommandContext } from './context.ts';

/** Exit code 3 where the data is not ready for the method asked for or, if none was, for any. */
export async function validateCommand(
  reference: string,
  options: ValidateOptions,
  context: CommandContext,
): Promise<number> {
  const { out } = context;
  out.progress('looking at the data');
  const report = await validateDataset({
    reference,
    options,
    ...context,
    progress: (seen, total) =>
      out.progress(`${seen.toLocaleString('en')}${total === null ? '' : ` of ${total.toLocaleString('en')}`} rows`),
  }).finally(() => out.progress(''));
  out.result(report, () => renderDatasetReport(report, reference, options));
  return Object.values(report.methods).some(({ verdict }) => verdict === 'READY') ? EXIT.ok : EXIT.data;
}
