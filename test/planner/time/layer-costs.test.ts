import { describe, expect, it } from 'vitest';
import { LAYERS, layerCosts } from '../../../bench/time/layer-costs.ts';
import { doubts } from '../../../scripts/planner/doubts.ts';
import { acceleratorOf } from '../../../scripts/planner/hardware/accelerator.ts';
import type { Mixers } from '../../../scripts/planner/model-facts/mixers.ts';
import type { ModelFacts } from '../../../scripts/planner/model-facts.ts';
import { buildRecipe } from '../../../scripts/planner/recipe.ts';
import { runTime } from '../../../scripts/planner/search/run-time.ts';
import table from '../../../scripts/planner/time/layer-costs.json' with { type: 'json' };
import { COUNTED, layersAgainstAttention, timed } from '../../../scripts/planner/time/layer-costs.ts';
import { accelerated, microBatchSeconds } from '../../../scripts/planner/time/step.ts';
import { flavorNamed, QWEN3_8B, work } from '../support.ts';

const launches = (mixers: Mixers, tokens: number) => layersAgainstAttention(mixers, 1, tokens).launches;
const counted = (layer: string, tokens: number) => {
  const row = LAYERS.find((each) => each.layer === layer && each.tokens === tokens);
  if (!row) throw new Error(`${layer} was not counted at ${tokens}`);
  return row;
};

describe('what a layer costs', () => {
  it('is what was counted', () => {
    expect(table.costs).toEqual(layerCosts());
    expect(Object.keys(table.costs)).toEqual([...COUNTED]);
  });

  it.each(COUNTED)('of %s holds between the lengths that it was read off', (mixer) => {
    const models = LAYERS.filter(({ layer }) => layer === mixer || layer.startsWith(`${mixer} of `));
    const between = models.filter(({ tokens }) => tokens === 1024);
    expect(between.length).toBeGreaterThan(0);
    const plain = counted('attention', 1024);
    const adapters = counted('attention with adapters', 1024);
    for (const row of between) {
      const { forward, back } = launches({ [mixer]: 1 }, row.tokens);
      const ratio = (row.forward + adapters.forward - plain.forward) / adapters.forward;
      const backRatio = (row.back + adapters.back - plain.back) / adapters.back;
      expect(forward / ratio).toBeGreaterThan(0.85);
      expect(forward / ratio).toBeLessThan(1.15);
      expect(back / backRatio).toBeGreaterThan(0.85);
      expect(back / backRatio).toBeLessThan(1.15);
    }
  });

  it('of two mixers side by side is about their sum', () => {
    const both = counted('mamba2 and attention of falcon_h1', 1024);
    const apart = counted('mamba2 of bamba', 1024).forward + counted('attention', 1024).forward;
    expect(apart / both.forward).toBeGreaterThan(1);
    expect(apart / both.forward).toBeLessThan(1.4);
  });

  it('grows with the length of a sequence where a loop goes over it', () => {
    const longer = (mixer: keyof Mixers): number =>
      launches({ [mixer]: 1 }, 2048).back / launches({ [mixer]: 1 }, 1024).back;
    expect([longer('attention'), longer('conv')]).toEqual([1, 1]);
    expect(longer('mamba2')).toBeLessThan(1.02);
    expect(longer('delta')).toBeGreaterThan(1.5);
    expect(longer('mamba')).toBeGreaterThan(1.9);
  });

  it('is that of softmax attention where nothing else is said', () => {
    expect(layersAgainstAttention(undefined, 28, 500)).toEqual(layersAgainstAttention({ attention: 28 }, 28, 9000));
    expect(layersAgainstAttention(undefined, 28, 500).launches).toEqual({ forward: 28, back: 28 });
  });
});

/** As Qwen3.5-4B has them: three layers of four with the delta rule. */
const layered = (mixers: Mixers): ModelFacts => ({ ...QWEN3_8B, layout: { ...QWEN3_8B.layout, mixers } });
const HYBRID = layered({ delta: 27, attention: 9 });

describe('a step of a model with other layers', () => {
  const a100 = acceleratorOf(flavorNamed('a100-large'));
  const seconds = (shape: ModelFacts, tokens: number, sequences = 1): number =>
    a100
      ? microBatchSeconds(
          {
            ...{ shape, tokens, sequences, mode: 'lora', weight_bytes: 2, checkpointing: true },
            ...{ extra_forwards: 0, adapted: 1 },
          },
          accelerated(a100),
        )
      : Number.NaN;

  it('takes several times as long where its launches rule', () => {
    const times = seconds(HYBRID, 680) / seconds(QWEN3_8B, 680);
    // A training batch of Qwen3.5 against one of Qwen3, counted in kernels by hand: 740 to 263 a layer.
    expect(times).toBeGreaterThan(2);
    expect(times).toBeLessThan(4);
  });

  it('takes longer for the bytes of fp32 states, too, and less for the products of softmax attention', () => {
    expect(seconds(HYBRID, 1024, 16)).toBeGreaterThan(1.2 * seconds(QWEN3_8B, 1024, 16));
    expect(seconds(layered({ mlp: 36 }), 65_536)).toBeLessThan(0.5 * seconds(QWEN3_8B, 65_536));
  });

  it('takes as long as with softmax attention where nobody knows what its layers do', () => {
    expect(seconds(layered({ unknown: 36 }), 65_536)).toBe(seconds(QWEN3_8B, 65_536));
  });

  it('has a wider range, and says where nothing was counted', () => {
    expect([timed(undefined), timed({ attention: 2 }), timed({ delta: 1 }), timed({ delta: 1, linear: 1 })]).toEqual([
      ...['all', 'all', 'counted', 'unknown'],
    ]);
    const training = (facts: ModelFacts) => {
      const own = work({ facts });
      const target = { kind: 'cuda', bf16: true } as const;
      const recipe = buildRecipe(own, { mode: 'lora', target, batch: 8, max_length: 1024, epochs: 1 });
      const flavor = flavorNamed('a100-large');
      const { range } = runTime({ work: own, recipe, flavor, backend: 'hf', max_length: 1024 });
      return { spread: range[1] / range[0], doubts: doubts(own, recipe) };
    };
    const [plain, hybrid, odd] = [QWEN3_8B, HYBRID, layered({ linear: 27, attention: 9 })].map(training);
    expect(hybrid?.spread).toBeGreaterThan(1.1 * (plain?.spread ?? 0));
    expect(odd?.spread).toBeGreaterThan(1.3 * (hybrid?.spread ?? 0));
    expect([plain?.doubts, hybrid?.doubts]).toEqual([[], []]);
    expect(odd?.doubts).toEqual([
      'how long the layers of Qwen3ForCausalLM take was never counted: the time may be 3 times off',
    ]);
  });
});
