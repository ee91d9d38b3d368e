import * as z from 'zod';

/** How pictures are read: an encoder of its own, and what leads from it to the decoder. Sizes in elements. */
export interface VisionTower {
  kind: 'qwen2_5_vl' | 'qwen3_vl' | 'gemma3' | 'smolvlm' | 'llava' | 'other';
  hidden_size: number;
  layers: number;
  intermediate_size: number;
  /** Query, key and value in one matrix; a gate beside the MLP's first. */
  fused_attention: boolean;
  gated: boolean;
  /** Layers in which a patch looks at its whole tile, not at a window of it. */
  full_attention_layers: number;
  /** Patches of a picture that a token of the decoder stands for. */
  patches_per_token: number;
  /** Inputs and outputs of all linear layers between tower and decoder. */
  projector: number;
}

const size = z.number().int().positive().nullish().catch(null);
const Config = z.object({
  model_type: z.string().catch(''),
  hidden_size: size,
  mm_tokens_per_image: size,
  scale_factor: size,
  spatial_merge_size: size,
  text_config: z.object({ hidden_size: size }).nullish().catch(null),
  vision_config: z.object({
    hidden_size: size,
    embed_dim: size,
    out_hidden_size: size,
    depth: size,
    num_hidden_layers: size,
    intermediate_size: size,
    image_size: size,
    patch_size: size,
    spatial_merge_size: size,
    pooling_kernel_size: size,
    fullatt_block_indexes: z.array(z.number()).nullish().catch(null),
    deepstack_visual_indexes: z.array(z.number()).nullish().catch(null),
  }),
});
type Config = z.infer<typeof Config>;

const KINDS: readonly [RegExp, VisionTower['kind']][] = [
  [/^qwen2(_5)?_vl/, 'qwen2_5_vl'],
  [/^qwen3(_vl|_5)/, 'qwen3_vl'],
  [/^gemma3$/, 'gemma3'],
  [/^(smolvlm|idefics3)/, 'smolvlm'],
  [/^(llava|paligemma)/, 'llava'],
];
/** SigLIP's of 400 million parameters, which most have, where a configuration leaves a size out; Idefics3's defaults. */
const USUAL = { hidden_size: 1152, layers: 27, image_size: 384, patch_size: 14 };
const IDEFICS3_LAYERS = 12;
/** Qwen2.5-VL's default: layers 7, 15, 23 and 31. */
const QWEN2_5_FULL = 4;

/** The tower that a whole configuration describes; null where it has none. */
export function readVisionTower(config: unknown): VisionTower | null {
  const parsed = Config.safeParse(config);
  if (!parsed.success) return null;
  const { model_type, hidden_size, text_config, vision_config: vision } = parsed.data;
  const kind = KINDS.find(([pattern]) => pattern.test(model_type))?.[1] ?? 'other';
  const h = vision.embed_dim ?? vision.hidden_size ?? USUAL.hidden_size;
  const decoder = vision.out_hidden_size ?? text_config?.hidden_size ?? hidden_size ?? h;
  const patches = patchesPerToken(kind, parsed.data);
  const layers = vision.depth ?? vision.num_hidden_layers ?? (kind === 'smolvlm' ? IDEFICS3_LAYERS : USUAL.layers);
  const merger = 3 * patches * h + decoder;
  return {
    kind,
    hidden_size: h,
    layers,
    full_attention_layers:
      model_type === 'qwen2_5_vl' ? Math.min(vision.fullatt_block_indexes?.length ?? QWEN2_5_FULL, layers) : layers,
    intermediate_size: vision.intermediate_size ?? 4 * h,
    fused_attention: kind === 'qwen2_5_vl' || kind === 'qwen3_vl',
    gated: kind === 'qwen2_5_vl',
    patches_per_token: patches,
    projector: {
      qwen2_5_vl: merger,
      qwen3_vl: merger * (1 + (vision.deepstack_visual_indexes?.length ?? 0)),
      gemma3: 0,
      smolvlm: patches * h + decoder,
      llava: h + 3 * decoder,
      other: merger,
    }[kind],
  };
}

const patchesOf = ({ vision_config: { image_size, patch_size } }: Config): number =>
  Math.floor((image_size ?? USUAL.image_size) / (patch_size ?? USUAL.patch_size)) ** 2;

/** Of an unknown kind 2 x 2, as most merge them, where it says nothing else. */
function patchesPerToken(kind: VisionTower['kind'], config: Config): number {
  const { vision_config: vision, mm_tokens_per_image, scale_factor, spatial_merge_size } = config;
  if (kind === 'llava') return 1;
  if (kind === 'gemma3') return patchesOf(config) / (mm_tokens_per_image ?? 256);
  if (kind === 'smolvlm') return (scale_factor ?? 2) ** 2;
  return (vision.spatial_merge_size ?? vision.pooling_kernel_size ?? spatial_merge_size ?? 2) ** 2;
}

/** Trained parameters of LoRA on the linear layers of the tower: TRL's `all-linear` takes them too. */
export function towerAdapters(tower: VisionTower, rank: number): number {
  const { hidden_size: h, intermediate_size: m, layers, fused_attention, gated, projector } = tower;
  const attention = fused_attention ? 6 * h : 8 * h;
  return rank * (layers * (attention + (gated ? 3 : 2) * (h + m)) + projector);
}
