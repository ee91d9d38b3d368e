import { describe, expect, it } from 'vitest';
import { layerTypes } from '../../../scripts/planner/model-facts/layer-types.ts';
import { readLayout } from '../../../scripts/planner/model-facts/layout.ts';
import { readMixers } from '../../../scripts/planner/model-facts/mixers.ts';
import cases from './layer-types.json' with { type: 'json' };

/** What the planner doesn't tell apart: windows of softmax attention, and those of Inkling's hybrids. */
const plain = (layer: string): string =>
  layer.replace('sliding_attention', 'full_attention').replace('hybrid_sliding', 'hybrid');

describe('layer types', () => {
  it.each(cases.map((one) => [JSON.stringify({ ...one, layers: undefined }), one] as const))(
    "are those of transformers' own class for %s",
    (_, { layers, ...config }) => {
      const count = config.num_hidden_layers;
      const type = config.model_type.replace(/_text$/, '');
      const expected = Array.isArray(layers) ? layers : Array.from({ length: count }, () => layers);
      expect(layerTypes(config, type, count).map(plain)).toEqual(expected.map(plain));
    },
  );

  it('are full attention where neither the configuration nor its class says', () => {
    expect(layerTypes({}, 'llama', 2)).toEqual(['full_attention', 'full_attention']);
    expect(layerTypes({ layer_types: 'all of them', full_attention_interval: 'two' }, 'qwen3_next', 4)).toEqual([
      ...Array.from({ length: 3 }, () => 'linear_attention'),
      'full_attention',
    ]);
  });
});

describe('mixers', () => {
  it.each([
    ['llama', {}, { attention: 8 }],
    ['qwen3_5_moe_text', {}, { delta: 6, attention: 2 }],
    ['qwen3_next', { full_attention_interval: 2 }, { delta: 4, attention: 4 }],
    ['kimi_linear', {}, { kda: 7, attention: 1 }],
    ['jamba', {}, { mamba: 7, attention: 1 }],
    ['zamba2', {}, { mamba2: 8, attention: 1 }],
    ['falcon_h1', {}, { mamba2: 8, attention: 8 }],
    ['granitemoehybrid', {}, { mamba2: 8 }],
    ['lfm2', { full_attn_idxs: [2] }, { conv: 7, attention: 1 }],
    ['nemotron_h', { hybrid_override_pattern: 'M-M*E-M-' }, { mamba2: 3, mlp: 4, attention: 1 }],
    ['zaya', {}, { linear: 8, attention: 8 }],
    [
      'brand_new',
      { layer_types: ['linear_attention', 'mamba', 'attention', 'odd'] },
      { linear: 2, attention: 1, unknown: 1 },
    ],
    ['__proto__', { layer_types: ['linear_attention', 'constructor'] }, { linear: 1, unknown: 1 }],
    ['hasOwnProperty', {}, { attention: 8 }],
    ['__proto__', {}, { attention: 8 }],
    ['deepseek_v4', { layer_types: ['compressed_sparse_attention'] }, { unknown: 1 }],
  ])('of %s %j are counted', (type, config, expected) => {
    expect(readMixers(config, type.replace(/_text$/, ''), 8)).toEqual(expected);
  });

  it('of a type that every object has is a family like any other', () => {
    const layout = readLayout({ model_type: 'constructor', num_attention_heads: 8, num_hidden_layers: 2 }, true);
    expect(layout).toMatchObject({ recorded: false, qk_norm: true });
    expect(layout.mixers).toBeUndefined();
  });

  it('that keep more than softmax attention are told by the class where the configuration has no list', () => {
    const layout = (config: object): boolean =>
      readLayout({ num_attention_heads: 8, num_hidden_layers: 4, ...config }, true).linear_attention;
    expect(layout({ model_type: 'qwen3_5_moe_text', full_attention_interval: 2 })).toBe(true);
    expect(layout({ model_type: 'qwen3_next' })).toBe(true);
    expect(layout({ model_type: 'qwen3_next', layer_types: ['full_attention', 'full_attention'] })).toBe(false);
    expect(layout({ model_type: 'granitemoehybrid' })).toBe(true);
    expect(layout({ model_type: 'qwen3' })).toBe(false);
    expect(layout({ model_type: 'lfm2', full_attn_idxs: [1] })).toBe(false);
  });
});
