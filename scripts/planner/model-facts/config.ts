import * as z from 'zod';
import known from './transformers-models.json' with { type: 'json' };
import { readVisionTower, type VisionTower } from './vision-tower.ts';

/** What transformers knows of a model type. `names`: fields that its config.json calls otherwise; `text`: type inside. */
interface ModelType {
  classes: string[];
  defaults: Record<string, number | boolean>;
  names?: Record<string, string>;
  text?: string;
}

const GENERATIVE: Readonly<Record<string, ModelType>> = known.generative;
const OTHERS: Readonly<Record<string, string[]>> = known.others;
const typeOf = (name: string): ModelType | undefined =>
  Object.hasOwn(GENERATIVE, name) ? GENERATIVE[name] : undefined;

/** What a model type is that generates no text ("an encoder"); null for one that does, undefined for an unknown one. */
export function otherKind(type: string): string | null | undefined {
  if (typeOf(type)) return null;
  return Object.keys(OTHERS).find((what) => OTHERS[what]?.includes(type));
}

/** The classes with which transformers makes the type generate text. */
export const classesOf = (type: string): readonly string[] => typeOf(type)?.classes ?? [];

const Whole = z.object({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  auto_map: z.record(z.string(), z.unknown()).nullish(),
  quantization_config: z.looseObject({ quant_method: z.string().optional() }).nullish(),
  text_config: z.record(z.string(), z.unknown()).nullish(),
  vision_config: z.unknown().optional(),
  tie_word_embeddings: z.boolean().nullish(),
});

/** A config.json with what transformers adds to it. */
export interface ModelConfig {
  type: string;
  architecture: string | null;
  /** Of the part that makes text: sizes by transformers' own names, its defaults where the file says nothing. */
  text: Record<string, unknown>;
  tied: boolean;
  encoder_decoder: boolean;
  vision: boolean;
  tower: VisionTower | null;
  own_code: boolean;
  /** Null where the weights are what they seem. */
  quantization: string | null;
}

/** Null for what isn't a configuration. */
export function parseConfig(json: unknown): ModelConfig | null {
  const parsed = Whole.safeParse(json);
  if (!parsed.success) return null;
  const whole = parsed.data;
  const type = whole.model_type ?? '';
  const inner = whole.text_config ?? null;
  const innerType = inner === null ? type : String(inner.model_type ?? typeOf(type)?.text ?? type);
  const of = typeOf(innerType) ?? typeOf(type);
  const text: Record<string, unknown> = {
    ...filled(inner ?? z.record(z.string(), z.unknown()).parse(json), of),
    model_type: innerType,
  };
  const tiedInside = inner?.tie_word_embeddings;
  return {
    type,
    architecture: whole.architectures?.[0] ?? null,
    text,
    tied:
      whole.tie_word_embeddings ??
      (typeof tiedInside === 'boolean' ? tiedInside : typeOf(type)?.defaults.tie_word_embeddings === true),
    encoder_decoder: (text.is_encoder_decoder ?? typeOf(type)?.defaults.is_encoder_decoder) === true,
    vision: whole.vision_config != null,
    tower: readVisionTower(json),
    own_code: whole.auto_map != null,
    quantization: whole.quantization_config ? (whole.quantization_config.quant_method ?? 'unknown method') : null,
  };
}

/** What the file says, be it null, goes before a default. A list of sizes by layer (Gemma 3n) counts as its largest. */
function filled(own: Record<string, unknown>, type: ModelType | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = { ...type?.defaults };
  for (const [name, value] of Object.entries(own)) {
    values[name] = isSizes(value) ? Math.max(...value) : value;
  }
  for (const [name, called] of Object.entries(type?.names ?? {})) {
    const value = own[called] ?? own[name];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((size) => typeof size === 'number');
