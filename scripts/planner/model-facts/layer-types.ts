import * as z from 'zod';

/** What a configuration's fields say, with a default where they don't. */
const list = z.array(z.string()).nonempty().nullish().catch(null);
const numbers = z.array(z.number().int()).nullish().catch(null);
const count = z.number().int().positive().nullish().catch(null);
const Fields = z.object({
  layer_types: list,
  layers_block_type: list,
  block_types: list,
  full_attention_interval: count,
  layer_group_size: count,
  attn_layer_period: count,
  attn_layer_offset: z.number().int().nullish().catch(null),
  attn_layer_indices: numbers,
  full_attn_idxs: numbers,
  hybrid_override_pattern: z.string().nullish().catch(null),
  linear_attn_config: z.object({ full_attn_layers: numbers, kda_layers: numbers }).nullish().catch(null),
});
type Fields = z.infer<typeof Fields>;

const FULL = 'full_attention';
const LINEAR = 'linear_attention';
const INDEXED = 'indexed_attention';

/** Names of old configurations (transformers' configuration_utils.py). */
const LEGACY: ReadonlyMap<string, string> = new Map([
  ['mamba', LINEAR],
  ['attention', FULL],
  ['deepseek_sparse_attention', INDEXED],
  ['qwen_sparse_attention', INDEXED],
]);
/** Of Nemotron's pattern, a letter a layer. */
const LETTERS: Readonly<Record<string, string>> = { M: LINEAR, E: 'moe', '*': FULL, '-': 'mlp' };

/** Of one layer, by its number from 0. */
type Rule = (fields: Fields, layer: number) => string;
const everyOther =
  (interval: (fields: Fields) => number, other = FULL): Rule =>
  (fields, layer) =>
    (layer + 1) % interval(fields) === 0 ? other : LINEAR;
const interval = ({ full_attention_interval }: Fields): number => full_attention_interval ?? 4;
const all =
  (type: string): Rule =>
  () =>
    type;
const zamba2Hybrids = [6, 12, 18, 24, 30, 36, 42, 47, 51];

/** As the configuration classes of transformers 5.23 work them out (models/<type>/configuration_<type>.py). */
const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries<Rule>({
    qwen3_next: everyOther(interval),
    qwen3_5: everyOther(interval),
    qwen3_5_moe: everyOther(interval),
    qwen4_exp: everyOther(interval, INDEXED),
    bailing_hybrid: everyOther(({ layer_group_size }) => layer_group_size ?? 6),
    olmo_hybrid: everyOther(() => 4),
    glm5_next: everyOther(() => 4, INDEXED),
    kimi_linear: ({ linear_attn_config: own }, layer) => {
      if (own?.full_attn_layers && own.kda_layers) return own.full_attn_layers.includes(layer + 1) ? FULL : LINEAR;
      return layer > 0 && layer % 4 === 0 ? FULL : LINEAR;
    },
    minimax: (_, layer) => (layer % 2 === 0 ? FULL : LINEAR),
    jamba: ({ attn_layer_period, attn_layer_offset }, layer) =>
      layer % (attn_layer_period ?? 8) === (attn_layer_offset ?? 4) ? FULL : LINEAR,
    bamba: ({ attn_layer_indices }, layer) => (attn_layer_indices?.includes(layer) ? FULL : LINEAR),
    granitemoehybrid: all(LINEAR),
    zamba: ({ attn_layer_period, attn_layer_offset }, layer) =>
      layer === 2 || (layer > 2 && (layer - 3) % (attn_layer_period ?? 6) === (attn_layer_offset ?? 4))
        ? 'hybrid'
        : LINEAR,
    zamba2: (_, layer) => (zamba2Hybrids.includes(layer) ? 'hybrid' : LINEAR),
    nemotron_h: ({ hybrid_override_pattern }, layer) => {
      if (hybrid_override_pattern) return LETTERS[hybrid_override_pattern[layer] ?? ''] ?? 'mlp';
      return [LINEAR, 'moe', FULL, 'mlp'][layer] ?? 'mlp';
    },
    recurrent_gemma: ({ block_types }, layer) => {
      const blocks = block_types ?? ['recurrent', 'recurrent', 'attention'];
      return blocks[layer % blocks.length] === 'recurrent' ? LINEAR : 'sliding_attention';
    },
    lfm2: ({ full_attn_idxs }, layer) => (!full_attn_idxs || full_attn_idxs.includes(layer) ? FULL : 'conv'),
    lfm3: (_, layer) => (layer % 4 === 2 ? FULL : layer > 0 && layer % 4 === 0 ? 'sliding_attention' : 'conv'),
    mamba: all(LINEAR),
    mamba2: all(LINEAR),
    falcon_mamba: all(LINEAR),
    rwkv: all(LINEAR),
    xlstm: all(LINEAR),
    falcon_h1: all('hybrid'),
    zaya: all('hybrid'),
    inkling: all('hybrid'),
    inkling2: all('hybrid'),
  }),
);
/** Whose configuration takes no list of its own. */
const OWN_RULE = /^(jamba|bamba|recurrent_gemma|mamba2?|falcon_mamba|falcon_h1)$/;

/** How many layers a configuration lists; null where it lists none. Nemotron-H's says no more of their number. */
export function listedLayers(config: unknown): number | null {
  const { layer_types, layers_block_type, hybrid_override_pattern: pattern } = Fields.parse(config);
  return (layers_block_type ?? layer_types)?.length ?? pattern?.length ?? null;
}

/**
 * What each layer of a decoder mixes its tokens by, in transformers' words; where neither the configuration nor its class
 * says, full attention. `type`: of the model, without `_text`.
 */
export function layerTypes(config: unknown, type: string, layers: number): string[] {
  const fields = Fields.parse(config);
  const listed = OWN_RULE.test(type) ? null : (fields.layer_types ?? fields.layers_block_type);
  if (listed) return listed.map((name) => LEGACY.get(name) ?? name);
  const rule = RULES.get(type) ?? all(FULL);
  return Array.from({ length: layers }, (_, layer) => rule(fields, layer));
}
