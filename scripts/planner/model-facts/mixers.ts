import { layerTypes } from './layer-types.ts';

/**
 * What layers mix tokens by: softmax attention, the gated delta rule (by channel: `kda`), the state spaces of Mamba, Lightning
 * attention, a recurrent network, other linear attention, a short convolution, or nothing (`mlp`).
 */
export const MIXERS = [
  'attention',
  'delta',
  'kda',
  'mamba',
  'mamba2',
  'lightning',
  'recurrent',
  'linear',
  'conv',
  'mlp',
  'unknown',
] as const;
export type Mixer = (typeof MIXERS)[number];
/** Layers that have it; one with two side by side counts twice. */
export type Mixers = Partial<Record<Mixer, number>>;

/** What transformers 5.23 calls linear attention or a hybrid of a model type, by the functions in its modeling file. */
const LINEAR: ReadonlyMap<string, Mixer> = new Map(
  Object.entries<Mixer>({
    qwen3_next: 'delta',
    qwen3_5: 'delta',
    qwen3_5_moe: 'delta',
    qwen4_exp: 'delta',
    olmo_hybrid: 'delta',
    kimi_linear: 'kda',
    bailing_hybrid: 'kda',
    glm5_next: 'kda',
    mamba: 'mamba',
    falcon_mamba: 'mamba',
    jamba: 'mamba',
    zamba: 'mamba',
    mamba2: 'mamba2',
    bamba: 'mamba2',
    granitemoehybrid: 'mamba2',
    nemotron_h: 'mamba2',
    zamba2: 'mamba2',
    falcon_h1: 'mamba2',
    minimax: 'lightning',
    recurrent_gemma: 'recurrent',
  }),
);

/** Those of a layer that transformers calls so. */
function mixersOf(layer: string, type: string): Mixer[] {
  const linear = LINEAR.get(type) ?? 'linear';
  if (layer === 'linear_attention') return [linear];
  if (layer === 'hybrid') return [linear, 'attention'];
  if (layer === 'conv') return ['conv'];
  if (layer === 'mlp' || layer === 'moe') return ['mlp'];
  return [/^(full|sliding|chunked)_attention$/.test(layer) ? 'attention' : 'unknown'];
}

/** How many of a decoder's layers mix tokens by what. `type`: of the model, without `_text`. */
export function readMixers(config: unknown, type: string, layers: number | null): Mixers {
  const mixers: Mixers = {};
  const types = layerTypes(config, type, layers ?? 1).slice(0, layers ?? undefined);
  for (const mixer of types.flatMap((layer) => mixersOf(layer, type))) mixers[mixer] = (mixers[mixer] ?? 0) + 1;
  return mixers;
}

/** Whether some keep fp32 states and products of whole chunks of tokens, which softmax attention's kernel has no need of. */
export const hasLinearAttention = (mixers: Mixers): boolean =>
  MIXERS.some((mixer) => !['attention', 'conv', 'mlp', 'unknown'].includes(mixer) && (mixers[mixer] ?? 0) > 0);
