import { DEFAULT_MAX_LENGTH, USUAL_LENGTHS } from '../../plan/lengths.ts';
import { METHODS, type Method } from '../../plan/methods.ts';
import { grouped } from '../../printable.ts';
import { datasetFinding, fails, type Problem } from '../findings.ts';
import { METHOD_RULES } from '../methods/table.ts';
import type { DatasetReport, MethodReport } from '../report.ts';
import type { SeenRow } from '../rows.ts';
import { countedRows, type RowsToCount } from './counted-rows.ts';
import type { Encode } from './load-tokenizer.ts';
import type { ModelText } from './model-text.ts';
import { isLearned, type RowTokens } from './row-tokens.ts';

export interface LengthsInput {
  model: ModelText;
  /** Every row of the split. */
  rows: readonly SeenRow[];
  /** `max_length` in tokens; TRL's own without. */
  maxLength: number | undefined;
  /** Whether rows that can't train are left out. */
  dropInvalid: boolean;
}

/** The reports, of which those that leave nothing to learn at `max_length` say so: they don't train. */
export function judgeLengths(reports: DatasetReport['methods'], input: LengthsInput): DatasetReport['methods'] {
  const judged = METHODS.flatMap((method) => {
    const report = reports[method];
    return report ? [[method, judgedReport(method, report, input)] as const] : [];
  });
  return Object.fromEntries(judged);
}

function judgedReport(method: Method, report: MethodReport, input: LengthsInput): MethodReport {
  const { format, conversational = false, vision, harmful: _, mapping, other_mappings, ...rest } = report;
  const { model, rows, maxLength = DEFAULT_MAX_LENGTH, dropInvalid } = input;
  // Of several mappings each makes other rows: the one that is chosen is judged.
  if (!format || !model.encode || other_mappings) return report;
  const shape = { format, conversational, ...(vision ? { vision } : {}) };
  const all = { model, method, shape, mapping: mapping ?? null, rows };
  const lost = lostRows(all, model.encode, maxLength, dropInvalid);
  if (!lost) return report;
  const given = mapping && report.verdict === 'READY' ? { mapping } : {};
  const finding = datasetFinding(tooLong(method, lost, maxLength), rows.length);
  return { ...rest, ...given, verdict: 'INCOMPATIBLE', findings: [finding, ...rest.findings] };
}

/** The rows, where nothing is learned from any; null where something is, or one is not known well enough. */
function lostRows(
  input: RowsToCount,
  encode: Encode,
  maxLength: number,
  dropInvalid: boolean,
): readonly RowTokens[] | null {
  const { method, shape } = input;
  const rules = METHOD_RULES.find((each) => each.method === method);
  const lost: RowTokens[] = [];
  for (const row of countedRows(input, encode)) {
    if ('uncounted' in row) return null;
    if ('tokens' in row) {
      if (isLearned(method, row.tokens, maxLength)) return null;
      lost.push(row.tokens);
    } else if (!dropInvalid && !rules?.problems(row.untrained, shape).some(({ fruitless }) => fruitless)) {
      return null;
    }
  }
  return lost.length > 0 ? lost : null;
}

function tooLong(method: Method, rows: readonly RowTokens[], maxLength: number): Problem {
  const at = `At max_length ${grouped(maxLength)}`;
  const what =
    method === 'reward'
      ? 'TRL leaves out every row, since an answer is longer'
      : 'nothing of any row is left to learn, since what comes before fills it';
  const enough = USUAL_LENGTHS.find(
    (length) => length > maxLength && rows.some((tokens) => isLearned(method, tokens, length)),
  );
  const next = enough
    ? `Where the model reads as much, give a longer one: --max-length ${enough}.`
    : `No length up to ${grouped(USUAL_LENGTHS.at(-1) ?? 0)} does.`;
  return fails('all_too_long', `${at} ${what}: nothing is learned. ${next}`);
}
