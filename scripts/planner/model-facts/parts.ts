import type { StoredTensor } from '../../hub/safetensors.ts';

/** A model's parameters by what they are part of. `other`: a tower for sound, what joins Gemma 3n's streams. */
export const PARTS = [
  'embeddings',
  'output',
  'attention',
  'mlp',
  'experts',
  'router',
  'norms',
  'vision',
  'projector',
  'other',
] as const;
export type Part = (typeof PARTS)[number];
export type ModelParts = Record<Part, number>;

/**
 * By the names in transformers' state dicts and those that older versions of it wrote, which lie on the Hub. The first
 * that matches. Checked against the modules of every family in test/planner/model-facts/parts.json.
 */
const NAMES: readonly (readonly [Part, RegExp])[] = [
  [
    'projector',
    /(^|\.)(multi_modal_projector|mm_projector|connector|embed_vision|image_newline|merger|deepstack_merger_list)(\.|$)/,
  ],
  ['vision', /(^|\.)(visual|vision_tower|vision_model|vision_embed_tokens|image_encoder)(\.|$)/],
  ['other', /(^|\.)(audio_tower|audio_encoder|embed_audio|audio_embed)(\.|$)/],
  ['output', /(^|\.)(lm_head|embed_out)\./],
  [
    'embeddings',
    /(^|\.)(embed_tokens|embed_tokens_per_layer|embed_in|embed_positions|word_embeddings|embeddings|wte|wpe)\./,
  ],
  ['norms', /(norm|norm_?[\df]|ln_\d|ln_f)\.(weight|bias)$/],
  ['router', /\.(mlp|moe|block_sparse_moe|feed_forward|mixer)\.(gate|router)\.|\.layers\.\d+\.router\./],
  ['experts', /\.experts\.|\.block_sparse_moe\.(input|output)_linear\./],
  // Of Nemotron-H, whose layers are one thing each.
  ['mlp', /\.mixer\.(shared_experts|up_proj|down_proj)\./],
  ['attention', /\.(self_attn|attn|attention|self_attention|linear_attn|conv|mixer|mamba)\./],
  ['mlp', /\.(layers|h|blocks|block)\.\d+\./],
];

export const partOf = (name: string): Part => NAMES.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';

/** Names in the file that are no parameters of it: buffers, layers for the prediction of several tokens. */
const UNUSED = /(^|\.)(rotary_emb\.inv_freq|masked_bias|attn\.bias|e_score_correction_bias)$|^mtp\./;
const LAYER = /\.(?:layers|h|blocks)\.(\d+)\./;

/** Whether the tensor becomes a part of a model with so many layers. DeepSeek and GLM keep one more for drafts. */
export function isLoaded(name: string, layers: number): boolean {
  if (UNUSED.test(name)) return false;
  const part = partOf(name);
  return part === 'vision' || part === 'projector' || part === 'other' || Number(LAYER.exec(name)?.[1] ?? 0) < layers;
}

/**
 * Weights that a tensor stands for. gpt-oss packs its experts in MXFP4: two weights in a byte of `_blocks`, and a scale
 * for 32 of them beside it, which is no weight.
 */
function weightsIn({ name, dtype, shape }: StoredTensor): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (dtype !== 'U8') return elements;
  return name.endsWith('_scales') ? 0 : name.endsWith('_blocks') ? 2 * elements : elements;
}

/** Of the model as it is loaded: a tied output layer that is stored all the same is the embeddings once more. */
export function modelParts(tensors: readonly StoredTensor[], tied: boolean, layers: number): ModelParts {
  const parts = Object.fromEntries(PARTS.map((part) => [part, 0])) as ModelParts;
  for (const tensor of tensors) {
    if (isLoaded(tensor.name, layers)) parts[partOf(tensor.name)] += weightsIn(tensor);
  }
  if (tied && parts.embeddings === 0) parts.embeddings = parts.output;
  if (tied) parts.output = 0;
  return parts;
}

export const parametersOf = (parts: ModelParts): number => PARTS.reduce((sum, part) => sum + parts[part], 0);

const FLOATS = ['F64', 'F32', 'F16', 'BF16'];

/** The dtypes of packed weights, where they are a good part of the model; null where all can be trained as they are. */
export function packedDtypes(tensors: readonly StoredTensor[]): string[] | null {
  const size = (of: readonly StoredTensor[]): number => of.reduce((sum, tensor) => sum + weightsIn(tensor), 0);
  const packed = tensors.filter(({ dtype }) => !FLOATS.includes(dtype));
  return size(packed) > 0.1 * size(tensors) ? [...new Set(packed.map(({ dtype }) => dtype))] : null;
}
