import { isRecord, type Row } from '../rows.ts';
import { type Described, imageSide, numberOf, sizeOf, towerPatches, USUAL, vision } from './processor-config.ts';
import type { PictureRules } from './rules.ts';
import { isWhole } from './sizes.ts';

type Reader = (described: Described) => PictureRules | null;

/**
 * Image processors by their class's name in small letters, without its ending: what their configuration says, and what it
 * leaves out (transformers 5.23). Null where the model's type makes something else of it.
 */
const READERS: Readonly<Record<string, Reader>> = {
  qwen2vl: ({ image }) => area(image, { patch: 14, min: 56 * 56, max: 28 * 28 * 1280, frames: 1 }),
  glm4v: ({ image }) => area(image, { patch: 14, min: 112 * 112, max: 28 * 28 * 15_000, frames: 2 }),
  glm46v: ({ image }) => area(image, { patch: 14, min: 112 * 112, max: 28 * 28 * 15_000, frames: 2 }),
  gemma3: ({ processor, image, config }) => {
    const tokens = numberOf(processor.image_seq_length ?? config.mm_tokens_per_image, 256);
    const crops = image.do_pan_and_scan === true ? numberOf(image.pan_and_scan_max_num_crops, 4) : 0;
    // Around each: a mark and an empty line before and after.
    return {
      kind: 'fixed',
      tokens: (1 + crops) * (tokens + MARKS_GEMMA3),
      tiles: 1 + crops,
      patches: towerPatches(config),
    };
  },
  gemma4: ({ image }) => ({
    kind: 'budget',
    patch: numberOf(image.patch_size, 16),
    pool: numberOf(image.pooling_kernel_size, 3),
    max_tokens: numberOf(image.max_soft_tokens, 280),
  }),
  siglip: (described) => {
    const { processor, image, config } = described;
    if (config.model_type === 'gemma3n') {
      const tokens = numberOf(processor.image_seq_length, 256);
      return { kind: 'fixed', tokens: tokens + MARKS_GEMMA3, tiles: 1, patches: tokens };
    }
    if (config.model_type !== 'paligemma') return llava(described);
    const tokens = numberOf(image.image_seq_length, towerPatches(config));
    return { kind: 'fixed', tokens, tiles: 1, patches: tokens };
  },
  clip: llava,
  llava,
  llavanext: ({ image, processor, config }) => {
    const tile = numberOf(sizeOf(image.size).shortest_edge ?? sizeOf(image.crop_size).height, 336);
    const grid = Math.floor(tile / numberOf(processor.patch_size ?? vision(config).patch_size, 14));
    return anyResolution(image.image_grid_pinpoints ?? config.image_grid_pinpoints, {
      tile,
      grid,
      max_tiles: null,
      alone: false,
    });
  },
  llavaonevision: ({ image, processor, config }) => {
    const tile = numberOf(sizeOf(image.size).height, 384);
    const tokens = numberOf(processor.num_image_tokens, towerPatches(config));
    const kept = /anyres_max_(\d+)/.exec(
      String(processor.vision_aspect_ratio ?? config.vision_aspect_ratio ?? ''),
    )?.[1];
    const grid = Math.floor(Math.sqrt(tokens));
    const sizes = image.image_grid_pinpoints ?? config.image_grid_pinpoints;
    return anyResolution(sizes, { tile, grid, max_tiles: Number(kept ?? 9), alone: true });
  },
  pixtral: ({ image, processor, config }) => {
    const given = image.patch_size;
    const patch = numberOf(processor.patch_size ?? (isRecord(given) ? given.height : given), 16);
    const merge = numberOf(processor.spatial_merge_size ?? config.spatial_merge_size, 1);
    return { kind: 'longest_side', side: numberOf(sizeOf(image.size).longest_edge, 1024), patch, merge };
  },
  idefics2: ({ image, processor, config }) => {
    const tiles = image.do_image_splitting === true ? 5 : 1;
    const side = numberOf(sizeOf(image.size).longest_edge, 980);
    const patches = Math.floor(side / numberOf(vision(config).patch_size, 14)) ** 2;
    // A mark before each tile and one at the end.
    return { kind: 'fixed', tokens: tiles * (numberOf(processor.image_seq_len, 64) + 1) + 1, tiles, patches };
  },
  idefics3: split,
  smolvlm: split,
  gotocr2: ({ image, processor, config }) => {
    if (config.model_type !== 'internvl') return null;
    const size = sizeOf(image.size);
    const [width, height] = [numberOf(size.width, 448), numberOf(size.height, 448)];
    const patch = numberOf(vision(config).patch_size, 14);
    const tiles = image.crop_to_patches !== false;
    return {
      kind: 'canvas',
      ...{ width, height, tokens: numberOf(processor.image_seq_length, 256) },
      min_tiles: tiles ? numberOf(image.min_patches, 1) : 1,
      max_tiles: tiles ? Math.min(numberOf(image.max_patches, 12), MOST_CANVAS) : 1,
      patches: Math.floor(width / patch) * Math.floor(height / patch),
    };
  },
  mllama: ({ image, config }) => ({
    kind: 'cross_attention',
    tiles: numberOf(image.max_image_tiles, 4),
    patches: towerPatches(config) + 1,
  }),
};
export const PROCESSORS: ReadonlyMap<string, Reader> = new Map(Object.entries(READERS));

const MARKS_GEMMA3 = 4;
/** Tiles of InternVL: models have 12 to 40. transformers tries each two numbers up to it, too. */
const MOST_CANVAS = 256;

function area(image: Row, defaults: { patch: number; min: number; max: number; frames: 1 | 2 }): PictureRules {
  const size = sizeOf(image.size);
  return {
    kind: 'area',
    patch: numberOf(image.patch_size, defaults.patch),
    merge: numberOf(image.merge_size, 2),
    min_pixels: numberOf(image.min_pixels ?? size.shortest_edge ?? size.min_pixels, defaults.min),
    max_pixels: numberOf(image.max_pixels ?? size.longest_edge ?? size.max_pixels, defaults.max),
    frames: defaults.frames,
  };
}

/** LLaVA 1.5: patches of one size, and what its tower adds to them or its strategy leaves out. */
function llava({ image, processor, config }: Described): PictureRules | null {
  if (!['llava', 'vipllava'].includes(String(config.model_type))) return null;
  const crop = image.do_center_crop === false ? {} : sizeOf(image.crop_size);
  const size = sizeOf(image.size);
  const side = numberOf(crop.height ?? size.height ?? size.shortest_edge, imageSide(config));
  const patches = Math.floor(side / numberOf(processor.patch_size ?? vision(config).patch_size, USUAL.patch)) ** 2;
  const strategy = processor.vision_feature_select_strategy ?? config.vision_feature_select_strategy;
  const added = processor.patch_size === undefined ? 0 : numberOf(processor.num_additional_image_tokens, 0);
  const dropped = processor.patch_size !== undefined && strategy === 'default' ? 1 : 0;
  return { kind: 'fixed', tokens: patches + added - dropped, tiles: 1, patches };
}

/** SmolVLM, Idefics 3. */
function split({ image, processor, config }: Described): PictureRules {
  const tile = numberOf(sizeOf(image.max_image_size).longest_edge, 364);
  const side = numberOf(sizeOf(image.size).longest_edge, 4 * 364);
  const patches = Math.floor(tile / numberOf(vision(config).patch_size, USUAL.patch)) ** 2;
  const tokens = numberOf(processor.image_seq_len, Math.floor(patches / numberOf(config.scale_factor, 2) ** 2));
  return { kind: 'split', side: image.do_image_splitting === false ? tile : side, tile, tokens, patches };
}

type AnyResolution = Extract<PictureRules, { kind: 'any_resolution' }>;

function anyResolution(sizes: unknown, tiles: Omit<AnyResolution, 'kind' | 'sizes'>): PictureRules | null {
  const known = Array.isArray(sizes) ? sizes.filter(isSize) : [];
  return known.length > 0 ? { kind: 'any_resolution', sizes: known, ...tiles } : null;
}

const isSize = (size: unknown): size is readonly [number, number] =>
  Array.isArray(size) && size.length === 2 && size.every(isWhole);
