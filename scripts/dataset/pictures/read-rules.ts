import type { ModelFiles } from '../../hub/model-files.ts';
import { isRecord, type Row } from '../rows.ts';
import { type Described, imageSide, numberOf, USUAL, vision } from './processor-config.ts';
import { PROCESSORS } from './processors.ts';
import type { PictureRules } from './rules.ts';

/** Files of a model, adapters before their base. */
type Sources = readonly ModelFiles[];

/**
 * By the first of `sources` that has a processor, as AutoProcessor reads it: the part inside processor_config.json goes
 * before preprocessor_config.json. What neither says are transformers' defaults (5.23). Throws TrainerError as the readers.
 */
export async function readPictureRules(sources: Sources): Promise<PictureRules> {
  const config = await firstJson(sources, 'config.json', (json) => isRecord(json.vision_config));
  const files = sources.find((each) => FILES.some((name) => each.files.includes(name)));
  const processor = await jsonOf(files, 'processor_config.json');
  const image = isRecord(processor.image_processor)
    ? processor.image_processor
    : await jsonOf(files, 'preprocessor_config.json');
  return rulesOf({ processor, image, config });
}

const FILES = ['processor_config.json', 'preprocessor_config.json'];

async function jsonOf(files: ModelFiles | undefined, name: string): Promise<Row> {
  const json = await files?.json(name);
  return isRecord(json) ? json : {};
}

async function firstJson(sources: Sources, name: string, fits: (json: Row) => boolean): Promise<Row> {
  for (const files of sources) {
    const json = await jsonOf(files, name);
    if (fits(json)) return json;
  }
  return {};
}

/** By the type of model, where their configuration names no class and the type isn't called as its image processor. */
const BY_TYPE: readonly [RegExp, string][] = [
  [/^qwen(2|2_5|3)_vl|^qwen3_5/, 'Qwen2VL'],
  [/^gemma3n$|^paligemma$/, 'Siglip'],
  [/^internvl$/, 'GotOcr2'],
  [/^vipllava$/, 'Llava'],
  [/^mistral3$/, 'Pixtral'],
];

export function rulesOf(described: Described): PictureRules {
  const { image, config } = described;
  const type = String(config.model_type ?? '');
  const named = String(image.image_processor_type ?? image.feature_extractor_type ?? '');
  const byType = BY_TYPE.find(([pattern]) => pattern.test(type))?.[1] ?? type;
  const name = named.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '') || byType;
  const read = PROCESSORS.get(name.toLowerCase().replaceAll('_', ''));
  return read?.(described) ?? unknown(described, named || type);
}

function unknown({ image, config }: Described, name: string): PictureRules {
  const { patch_size, spatial_merge_size, pooling_kernel_size } = vision(config);
  const patch = numberOf(image.patch_size ?? patch_size, USUAL.patch);
  const merge = numberOf(image.merge_size ?? spatial_merge_size ?? pooling_kernel_size ?? config.spatial_merge_size, 2);
  // Those that resize to one size take the tower's.
  return { kind: 'unknown', name, patch, merge, least: Math.ceil(imageSide(config) / (patch * merge)) ** 2 };
}
