import { TrainerError } from '../../errors.ts';
import type { Request } from '../../plan/request.ts';
import { preview } from '../../printable.ts';
import type { ModelFacts } from '../model-facts.ts';
import { loraAsked } from '../recipe/lora-arguments.ts';
import type { Mode } from '../recipe.ts';

/** Above this, LoRA is the default: full fine-tuning needs 16 bytes a parameter. */
export const LORA_ABOVE_PARAMETERS = 3e9;

/** What asks for a mode, as `--lora`. */
export const LORA_FLAG = { full: 'off', lora: 'on', qlora: 'qlora' } as const;

/** The modes worth trying, best first, and why. */
export function modesFor(
  facts: ModelFacts,
  lora: Request['lora'],
  set?: Request['set'],
): { modes: Mode[]; why: string } {
  // Weights that were packed in one format are not packed in another when they are loaded.
  if (facts.dequantize && lora === 'qlora') throw packedAlready(facts);
  if (facts.dequantize && (lora ?? 'auto') === 'auto')
    return { modes: ['lora'], why: 'its weights are unpacked to 16 bits' };
  if (lora === 'on') return { modes: ['lora'], why: 'asked for' };
  if (lora === 'qlora') return { modes: ['qlora'], why: 'asked for' };
  if (lora === 'off') return { modes: ['full'], why: 'asked for' };
  if (Object.keys(loraAsked(set)).length > 0)
    return { modes: ['lora', 'qlora'], why: 'its rank or the like was asked for' };
  const size =
    facts.parameters >= 1e8 ? `${twoDigits(facts.parameters / 1e9)} B` : `${twoDigits(facts.parameters / 1e6)} M`;
  return facts.parameters > LORA_ABOVE_PARAMETERS
    ? { modes: ['lora', 'qlora'], why: `${size} parameters: above 3 B all weights cost too much memory` }
    : { modes: ['full', 'lora', 'qlora'], why: `${size} parameters: all weights fit, and learn the most` };
}

/** 0.60, 4.1, 410. */
function twoDigits(value: number): string {
  const digits = value.toPrecision(2);
  return digits.includes('e') ? String(Number(digits)) : digits;
}

function packedAlready({ id }: ModelFacts): TrainerError {
  return new TrainerError(
    'usage',
    'packed_model',
    `--lora qlora: the weights of ${preview(id, 200)} are packed already, and can't be packed in another format`,
    'Give --lora on: they are unpacked to 16 bits when they are loaded.',
  );
}
