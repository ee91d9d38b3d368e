import { join } from 'node:path';
import { type ModelText, readModelText } from '../../../scripts/dataset/tokenizer/model-text.ts';
import type { ValidateOptions } from '../../../scripts/dataset/validate.ts';
import { openModelFolder } from '../../../scripts/planner/model-facts/folder.ts';
import { modelFolder } from '../tiny-tokenizer.ts';
import { type Case, isOfDataAlone } from './case.ts';

/** What a case is judged with, besides its rows. */
export interface Judging {
  options: ValidateOptions;
  model?: ModelText;
}

/**
 * Lengths and what a model can't see need a model: one whose tokens are the bytes, as those of the oracle. Its template
 * writes some characters fewer around a turn than Qwen3's, so a case's lengths are far from the limit.
 */
export async function judgingOf(one: Case, folder: string): Promise<Judging> {
  if (isOfDataAlone(one)) return { options: { split: undefined } };
  const text = await readModelText([await openModelFolder(modelFolder(join(folder, 'byte-model')))], 0);
  return {
    options: { split: undefined, maxLength: one.max_length },
    model: { ...text, templates: { ...text.templates, sees: one.model !== 'text' } },
  };
}
