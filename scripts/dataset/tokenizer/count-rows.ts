import { preview } from '../../printable.ts';
import { applyMapping } from '../mapping.ts';
import type { DatasetReport, TokenStatistics } from '../report.ts';
import { UNSEEN } from '../rows.ts';
import { quantile } from '../tokens.ts';
import { isTrainable } from '../trainable.ts';
import { type CountedRow, countedRows, type RowsToCount } from './counted-rows.ts';
import { rendererOf } from './renderer.ts';
import { rowTexts } from './row-texts.ts';
import { fate } from './row-tokens.ts';

export interface CountInput extends RowsToCount {
  /** Rows of the split. */
  rowsTotal: number;
  /** Share of the rows seen that train, 0 to 1. */
  trainedShare: number;
  /** `max_length`s at which to tell what is cut, tokens; the first is the one asked for. */
  maxLengths: readonly number[];
}

/** Characters of a rendered row that are shown. */
const SHOWN = 400;

/** The first row as the model would see it. */
export function renderedExample({
  model,
  method,
  shape,
  mapping,
  rows,
}: CountInput): DatasetReport['rendered_example'] {
  const renderer = rendererOf(model.templates);
  for (const { row, index } of rows) {
    if (Object.values(row).includes(UNSEEN)) continue;
    const mapped = mapping ? applyMapping(row, mapping) : row;
    if (!isTrainable(shape.format, shape.conversational, mapped)) continue;
    const texts = rowTexts(method, shape, mapped, renderer);
    const [first] = 'sequences' in texts ? texts.sequences : [];
    if (first) return { row: index, text: preview(first.whole, SHOWN) };
  }
  return undefined;
}

/**
 * Token counts by the model's own tokenizer and chat template, as TRL makes them. Null where not one of the rows could
 * be counted.
 */
export function countRows(input: CountInput): TokenStatistics | null {
  const { model, method, rowsTotal, trainedShare, maxLengths } = input;
  const { encode } = model;
  if (!encode) return null;
  const rows = [...countedRows(input, encode)];
  const counted = rows.filter((row) => 'tokens' in row);
  const unknown = rows.filter((row) => 'uncounted' in row && row.uncounted === 'unknown').length;
  const weights = counted.reduce((sum, { weight }) => sum + weight, 0);
  if (weights === 0) return null;
  const longest = ({ tokens: { sequences } }: CountedRow): number => Math.max(...sequences.map(({ length }) => length));
  const all = ({ tokens: { sequences } }: CountedRow): number => sequences.reduce((sum, { length }) => sum + length, 0);
  const lengths = counted.map((row) => [longest(row), row.weight] as const).sort(([a], [b]) => a - b);
  const tokens = counted.reduce((sum, row) => sum + all(row) * row.weight, 0);
  const byLength = maxLengths.map((max_length) => {
    const share = (what: 'cut' | 'dropped'): number =>
      counted.reduce(
        (sum, row) => sum + (fate(method, row.tokens.sequences, max_length) === what ? row.weight : 0),
        0,
      ) / weights;
    return { max_length, truncated_share: share('cut'), dropped_share: share('dropped') };
  });
  const [asked] = byLength;
  return {
    total: Math.round((tokens / weights) * rowsTotal * trainedShare),
    mean: tokens / weights,
    p50: quantile(lengths, 0.5 * weights),
    p95: quantile(lengths, 0.95 * weights),
    max: lengths.at(-1)?.[0] ?? 0,
    estimated: false,
    tokenizer: model.templates.model,
    counted_rows: counted.length,
    ...(unknown > 0 ? { uncounted_rows: unknown } : {}),
    ...(asked ? { ...asked, by_length: byLength } : {}),
  };
}
