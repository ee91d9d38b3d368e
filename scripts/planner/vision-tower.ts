import * as z from 'zod';

/** How pictures are read: an encoder of its own, and what leads from it to the decoder. Sizes in elements. */
export interface VisionTower {
  kind: 'qwen2_5_vl' | 'qwen3_vl' | 'gemma3' | 'smolvlm' | 'other';
  hidden_size: number;
  layers: number;
  intermediate_size: number;
  /** Query, key and value in one matrix; a gate beside the MLP's first. */
  fused_attention: boolean;
  gated: boolean;
  /** Patches of a picture that a token of the decoder stands for. */
  patches_per_token: number;
  /** Tokens of a picture; null where that goes by its size. */
  tokens_per_picture: number | null;
  /** Inputs and outputs of all linear layers between tower and decoder. */
  projector: number;
}

const size = z.number().int().positive().nullish().catch(null);
const Config = z.object({
  model_type: z.string().catch(''),
  mm_tokens_per_image: size,
  scale_factor: size,
  image_grid_pinpoints: z.array(z.unknown()).nullish().catch(null),
  text_config: z.object({ hidden_size: size }).nullish().catch(null),
  vision_config: z.object({
    hidden_size: size,
    depth: size,
    num_hidden_layers: size,
    intermediate_size: size,
    image_size: size,
    patch_size: size,
    spatial_merge_size: size,
    deepstack_visual_indexes: z.array(z.number()).nullish().catch(null),
  }),
});

const KINDS: readonly [RegExp, VisionTower['kind']][] = [
  [/^qwen2_5_vl|^qwen2_vl/, 'qwen2_5_vl'],
  [/^qwen3_vl|^qwen3_5/, 'qwen3_vl'],
  [/^gemma3/, 'gemma3'],
  [/^(smolvlm|idefics3)/, 'smolvlm'],
];
/** SigLIP's of 400 million parameters, which most have, where a configuration leaves a size out; Idefics3's defaults. */
const USUAL = { hidden_size: 1152, layers: 27, image_size: 384, patch_size: 14 };
const IDEFICS3_LAYERS = 12;
/** Idefics3's processor cuts a picture into up to 4 x 4 tiles, and adds the whole. */
const TILES = 17;
/** LLaVA-NeXT's into 2 x 2, the same. */
const NEXT_TILES = 5;

/** The tower that a whole configuration describes; null where it has none. */
export function readVisionTower(config: unknown): VisionTower | null {
  const parsed = Config.safeParse(config);
  if (!parsed.success) return null;
  const {
    model_type,
    vision_config: vision,
    text_config,
    mm_tokens_per_image,
    scale_factor,
    image_grid_pinpoints,
  } = parsed.data;
  const kind = KINDS.find(([pattern]) => pattern.test(model_type))?.[1] ?? 'other';
  const h = vision.hidden_size ?? USUAL.hidden_size;
  const decoder = text_config?.hidden_size ?? h;
  const side = (vision.image_size ?? USUAL.image_size) / (vision.patch_size ?? USUAL.patch_size);
  const merged = (vision.spatial_merge_size ?? 2) ** 2;
  const patches = {
    qwen2_5_vl: merged,
    qwen3_vl: merged,
    gemma3: side ** 2 / (mm_tokens_per_image ?? 256),
    smolvlm: (scale_factor ?? 2) ** 2,
    other: 1,
  }[kind];
  const tile = Math.round(side ** 2 / patches);
  const tiles = {
    qwen2_5_vl: null,
    qwen3_vl: null,
    gemma3: 1,
    smolvlm: TILES,
    other: image_grid_pinpoints ? NEXT_TILES : 1,
  }[kind];
  const joined = patches * h;
  const merger = joined + joined + joined + decoder;
  return {
    kind,
    hidden_size: h,
    layers: vision.depth ?? vision.num_hidden_layers ?? (kind === 'smolvlm' ? IDEFICS3_LAYERS : USUAL.layers),
    intermediate_size: vision.intermediate_size ?? 4 * h,
    fused_attention: kind === 'qwen2_5_vl' || kind === 'qwen3_vl',
    gated: kind === 'qwen2_5_vl',
    patches_per_token: patches,
    tokens_per_picture: tiles === null ? null : tiles * tile,
    projector: {
      qwen2_5_vl: merger,
      qwen3_vl: merger * (1 + (vision.deepstack_visual_indexes?.length ?? 0)),
      gemma3: 0,
      smolvlm: joined + decoder,
      other: h + 3 * decoder,
    }[kind],
  };
}

/** Trained parameters of LoRA on the linear layers of the tower: TRL's `all-linear` takes them too. */
export function towerAdapters(tower: VisionTower, rank: number): number {
  const { hidden_size: h, intermediate_size: m, layers, fused_attention, gated, projector } = tower;
  const attention = fused_attention ? 6 * h : 8 * h;
  return rank * (layers * (attention + (gated ? 3 : 2) * (h + m)) + projector);
}
