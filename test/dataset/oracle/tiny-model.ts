import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelText } from '../../../scripts/dataset/tokenizer/model-text.ts';

/** As in models.py: what ends a sequence and what begins one, by the beginning of the template's name. */
const ENDS: Record<string, { eos: string; bos: string | null }> = {
  gemma: { eos: '<eos>', bos: '<bos>' },
  llama: { eos: '<|eot_id|>', bos: '<|begin_of_text|>' },
  phi: { eos: '<|endoftext|>', bos: null },
};

/** The tiny model with this chat template, as `validate --model` would read it. `folder`: TRL's templates. */
export function tinyModel(template: string, folder: string): ModelText {
  const family = Object.keys(ENDS).find((name) => template.startsWith(name)) ?? '';
  const { eos, bos } = ENDS[family] ?? { eos: '<|im_end|>', bos: null };
  const pad = eos === '<|endoftext|>' ? '<|end|>' : '<|endoftext|>';
  const variables = { eos_token: eos, pad_token: pad, ...(bos === null ? {} : { bos_token: bos }) };
  const source = readFileSync(join(folder, `${template}.jinja`), 'utf8');
  return {
    templates: { model: 'tiny', eos, pad, templates: { default: { source, variables, now: 0 } } },
    encode: null,
    why: null,
  };
}
