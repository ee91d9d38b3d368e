import { DEFAULT_MAX_LENGTH, USUAL_LENGTHS } from '../../plan/lengths.ts';
import { METHODS } from '../../plan/methods.ts';
import { grouped, preview } from '../../printable.ts';
import type { DatasetReport } from '../report.ts';
import { type CountInput, countRows, renderedExample } from './count-rows.ts';
import type { ModelText } from './model-text.ts';
import type { RowSample } from './row-sample.ts';

/** The report with the model's own token counts and a rendered row, or with a note why there are none. */
export function withModelCounts(
  report: DatasetReport,
  model: ModelText | { why: string },
  sample: RowSample | undefined,
  maxLength: number = DEFAULT_MAX_LENGTH,
): DatasetReport {
  const noted = (line: string): DatasetReport => ({ ...report, notes: [...report.notes, line] });
  if (!('templates' in model)) return noted(`Tokens and chat template not checked: ${model.why}.`);
  const name = preview(model.templates.model, 100);
  const method = report.recommended ?? METHODS.find((each) => report.methods[each]?.format !== undefined);
  const best = method === undefined ? undefined : report.methods[method];
  if (method === undefined || !best?.format || !sample) return report;
  const input: CountInput = {
    model,
    method,
    shape: { ...best, format: best.format, conversational: best.conversational === true },
    mapping: best.mapping ?? null,
    rows: sample.rows,
    rowsTotal: report.rows_total ?? report.rows_seen,
    trainedShare: 1 - best.invalid_rows / report.rows_seen,
    maxLengths: [maxLength, ...USUAL_LENGTHS.filter((length) => length !== maxLength)],
  };
  const rendered = renderedExample(input);
  const shown: DatasetReport = { ...report, ...(rendered ? { rendered_example: rendered } : {}) };
  if (!model.encode) {
    return {
      ...shown,
      notes: [...shown.notes, `Tokens are estimated, not counted with the tokenizer of ${name}: ${model.why}.`],
    };
  }
  const tokens = countRows(input);
  if (!tokens) {
    return {
      ...shown,
      notes: [...shown.notes, `Tokens are estimated: what ${name} makes of these rows can't be counted here.`],
    };
  }
  const uncounted = tokens.uncounted_rows ?? 0;
  const notes = [
    ...shown.notes,
    ...(sample.complete
      ? []
      : [`Tokens were counted on ${grouped(tokens.counted_rows ?? 0)} rows from all over the data.`]),
    ...(uncounted > 0
      ? [`${grouped(uncounted)} of those rows could not be rendered here and are not in the counts.`]
      : []),
  ];
  return { ...shown, tokens, notes };
}
