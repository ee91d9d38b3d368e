import type { Mapping } from '../../plan/mapping.ts';
import type { Method } from '../../plan/methods.ts';
import { applyMapping } from '../mapping.ts';
import type { Shape } from '../methods/method.ts';
import { type Row, type SeenRow, UNSEEN } from '../rows.ts';
import { isTrainable } from '../trainable.ts';
import type { Encode } from './load-tokenizer.ts';
import type { ModelText } from './model-text.ts';
import { rendererOf } from './renderer.ts';
import { rowTexts } from './row-texts.ts';
import { countTokens, type RowTokens } from './row-tokens.ts';
import { tableRows } from './table-cells.ts';

export interface RowsToCount {
  model: ModelText;
  method: Method;
  shape: Shape;
  mapping: Mapping | null;
  rows: readonly SeenRow[];
}

export interface CountedRow {
  tokens: RowTokens;
  /** Rows that it stands for. */
  weight: number;
}

/** A row that can't train, as it is after the mapping. */
export interface Untrained {
  untrained: Row;
}

/** Why not: it was seen in part, the template refuses it, or what it makes of it can't be told here. */
export interface Uncounted {
  uncounted: 'cut' | 'refused' | 'unknown';
}

/** What the model's tokenizer makes of each row, one by one. */
export function* countedRows(
  { model, method, shape, mapping, rows }: RowsToCount,
  encode: Encode,
): Generator<CountedRow | Untrained | Uncounted> {
  const renderer = rendererOf(model.templates);
  const whole = rows.filter(({ row, stands_for = 1 }) => stands_for > 0 && !Object.values(row).includes(UNSEEN));
  for (let cut = rows.length - whole.length; cut > 0; cut -= 1) yield { uncounted: 'cut' };
  const mapped = tableRows(whole.map(({ row }) => (mapping ? applyMapping(row, mapping) : row)));
  for (const [index, row] of mapped.entries()) {
    if (!isTrainable(shape.format, shape.conversational, row)) {
      yield { untrained: row };
      continue;
    }
    const texts = rowTexts(method, shape, row, renderer);
    if ('sequences' in texts) {
      yield { tokens: countTokens(method, texts, encode), weight: whole[index]?.stands_for ?? 1 };
    } else {
      yield { uncounted: 'raises' in texts ? 'refused' : 'unknown' };
    }
  }
}
