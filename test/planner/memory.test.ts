import { describe, expect, it } from 'vitest';
import { cardFor } from '../../bench/memory/cards.ts';
import { comparedRuns } from '../../bench/memory/compared.ts';
import { factsFrom } from '../../bench/memory/facts.ts';
import { fitAll } from '../../bench/memory/fit.ts';
import { inputOf, isFitted, readOracle } from '../../bench/memory/oracle.ts';
import { pictureInput, readPictures } from '../../bench/memory/pictures.ts';
import presets from '../../bench/memory/presets.json' with { type: 'json' };
import { knownModel } from '../../bench/memory/published.ts';
import { ownSteps } from '../../bench/memory/reserved.ts';
import { summary } from '../../bench/memory/statistics.ts';
import { FITTED } from '../../scripts/planner/memory/layer.ts';
import { optimizerOf } from '../../scripts/planner/memory/optimizer.ts';
import { loraParameters } from '../../scripts/planner/memory/states.ts';
import { allocatedGib, type MemoryInput, totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { readLayout } from '../../scripts/planner/model-facts/layout.ts';
import { parametersFromShape } from '../../scripts/planner/model-facts/shape.ts';
import { readVisionTower } from '../../scripts/planner/model-facts/vision-tower.ts';
import { memoryFor } from '../../scripts/planner/search/footprint.ts';
import { LLAMA_70B, QWEN3_8B, QWEN3_06B } from './support.ts';

const GIB = 2 ** 30;
const full: MemoryInput = {
  facts: QWEN3_06B,
  mode: 'full',
  weight_bytes: 4,
  lora_rank: 32,
  per_device_train_batch_size: 4,
  max_length: 1024,
};
const lora: MemoryInput = { ...full, facts: QWEN3_8B, mode: 'lora', weight_bytes: 2 };
const qlora: MemoryInput = { ...lora, mode: 'qlora' };
const gib = (input: MemoryInput): number => totalGib(trainingMemory(input));

describe('what stays from step to step', () => {
  it('is 12 bytes a parameter for weights and AdamW in fp32, and 4 for its gradients when all are there', () => {
    const { weights, gradients, optimizer } = trainingMemory(full);
    expect((weights + optimizer) * GIB).toBeCloseTo(12 * QWEN3_06B.parameters, -3);
    expect(gradients * GIB).toBeGreaterThanOrEqual(4 * QWEN3_06B.parameters);
  });

  it('is 2 bytes a parameter for a frozen base, and 12 for the adapters alone', () => {
    const { weights, adapters, optimizer } = trainingMemory(lora);
    expect(weights * GIB).toBeCloseTo(2 * QWEN3_8B.parameters, -3);
    expect((adapters + optimizer) * GIB).toBeCloseTo(12 * loraParameters(QWEN3_8B, 32), -3);
  });

  it('is about half a byte a weight for a base in 4 bits, but for the embeddings', () => {
    const embeddings = 2 * QWEN3_8B.vocab_size * QWEN3_8B.hidden_size;
    const { weights } = trainingMemory(qlora);
    expect(weights * GIB).toBeCloseTo((QWEN3_8B.parameters - embeddings) * 0.5159 + 2 * embeddings, -7);
  });
});

describe('the recorded steps', () => {
  const rows = readOracle();
  const errors = rows.map((row) => ({
    row,
    error: allocatedGib(trainingMemory(inputOf(row, rows)), 0) / (row.peak / GIB) - 1,
  }));

  it.each([
    ['that were fitted', true, 0.01, 0.03],
    ['of families held out', false, 0.02, 0.06],
  ] as const)('%s are met', (_, fitted, median, p90) => {
    const found = summary(errors.filter(({ row }) => isFitted(row) === fitted).map(({ error }) => error));
    expect(found.count).toBeGreaterThan(100);
    expect(found.median).toBeLessThan(median);
    expect(found.p90).toBeLessThan(p90);
  });

  it.each(['dpo', 'kto', 'reward', 'grpo', 'rloo'] as const)('of %s are met', (method) => {
    const found = summary(errors.filter(({ row }) => row.method === method).map(({ error }) => error));
    expect(found.count).toBeGreaterThanOrEqual(8);
    expect(found.median).toBeLessThan(0.02);
    expect(found.p90).toBeLessThan(0.08);
  });

  it('of whole models reserve what is estimated, by the rules of the allocator', () => {
    const own = ownSteps();
    expect(own.length).toBeGreaterThanOrEqual(19);
    const { median, p90 } = summary(own.map(({ error }) => error));
    expect(median).toBeLessThan(0.02);
    expect(p90).toBeLessThan(0.08);
    for (const { row, parts } of own)
      expect(row.reserved / GIB + parts.framework, row.id).toBeLessThan(memoryFor(totalGib(parts)));
  });

  it('none of them fails on a card that its plan was said to fit', () => {
    for (const { row } of errors) {
      const parts = trainingMemory(inputOf(row, rows));
      const taken = row.peak / GIB + parts.framework + parts.fragmentation;
      expect(taken, row.family).toBeLessThan(memoryFor(totalGib(parts)));
    }
  });

  it.each(['full', 'lora', 'qlora'] as const)('%s: none takes much more than estimated', (mode) => {
    const own = errors.filter(({ row }) => row.mode === mode);
    expect(own.length).toBeGreaterThan(80);
    expect(summary(own.map(({ error }) => error)).lowest).toBeGreaterThan(-0.08);
  });

  it('count the trained parameters as peft does', () => {
    for (const row of rows.filter(({ mode }) => mode !== 'full')) {
      const { facts, lora_rank } = inputOf(row, rows);
      // peft trains a reward model's score layer whole.
      const score = row.method === 'reward' ? facts.hidden_size : 0;
      // Their routers were adapted, as a recipe's are not.
      const { experts } = facts.layout;
      const router = experts?.adapted ? facts.layers * lora_rank * (facts.hidden_size + experts.count) : 0;
      const counted = loraParameters(facts, lora_rank) + score + router;
      // Qwen3.5's linear attention has matrices of its own; gpt-oss has a router without one.
      if (/qwen3.5|gpt-oss/.test(row.family)) expect(Math.abs(counted / row.trained - 1)).toBeLessThan(0.15);
      else expect(counted, row.family).toBe(row.trained);
    }
  });
});

/** Of so many layers, on the family's default sizes in transformers 5.23, as peft 0.21 counts them at rank 8. */
describe("adapters of a mixture of experts, the router's left out", () => {
  const heads = (hidden_size: number, num_attention_heads: number, num_key_value_heads: number) => ({
    ...{ hidden_size, num_attention_heads, num_key_value_heads, vocab_size: 32_000, tie_word_embeddings: false },
    parameters: 1e10,
  });
  it.each([
    ['mixtral', 2, { ...heads(4096, 32, 8), intermediate_size: 14_336, num_local_experts: 8 }, 11_173_888],
    [
      'qwen3_moe',
      4,
      { ...heads(2048, 32, 4), intermediate_size: 6144, moe_intermediate_size: 768, num_experts: 128 },
      41_304_064,
    ],
    ['olmoe', 2, { ...heads(2048, 16, 16), intermediate_size: 2048, num_experts: 64 }, 17_039_360],
    [
      'qwen2_moe',
      24,
      {
        ...{ ...heads(2048, 16, 16), intermediate_size: 5632, moe_intermediate_size: 1408, num_experts: 60 },
        shared_expert_intermediate_size: 5632,
      },
      7_962_816,
    ],
    ['granitemoe', 32, { ...heads(4096, 32, 32), intermediate_size: 11_008, num_local_experts: 8 }, 8_388_608],
  ])('%s', (model_type, num_hidden_layers, config, trained) => {
    expect(loraParameters(factsFrom(model_type, { model_type, num_hidden_layers, ...config }), 8)).toBe(trained);
  });
});

describe('published measurements', () => {
  const compared = comparedRuns();

  const exact = compared.filter(({ kind }) => kind === 'exact');

  it('of exact length are met', () => {
    expect(exact.length).toBe(26);
    const { median, p90 } = summary(exact.map(({ error }) => error));
    expect(median).toBeLessThan(0.05);
    expect(p90).toBeLessThan(0.1);
  });

  it.each(exact.map((run) => [run.row.id, run] as const))('%s fits where we would put it', (_, { taken, total }) => {
    expect(taken).toBeLessThanOrEqual(cardFor(total)?.usable_gib ?? 0);
  });

  it('of transformers with varying lengths reserve hardly more than the estimate of the longest', () => {
    const own = compared.filter(({ row }) => /^transformers/.test(row.framework));
    expect(own.length).toBe(10);
    for (const { row, error } of own) expect(error, row.id).toBeGreaterThan(-0.02);
  });

  it.each(presets.presets)('$model, $mode, $length tokens fits an A100, as trl-jobs offers it', (preset) => {
    const facts = knownModel(preset.model);
    if (!facts) throw new Error(preset.model);
    const mode = preset.mode === 'full' ? 'full' : 'lora';
    const total = gib({ ...lora, facts, mode, per_device_train_batch_size: 1, max_length: preset.length });
    expect(memoryFor(total)).toBeLessThan(presets.usable_gib);
  });
});

describe('the estimate', () => {
  it.each<[string, MemoryInput, Partial<MemoryInput>]>([
    ['the batch', full, { per_device_train_batch_size: 8 }],
    ['the batch', lora, { per_device_train_batch_size: 8 }],
    ['the batch', qlora, { per_device_train_batch_size: 8 }],
    ['the length', full, { max_length: 2048 }],
    ['the length', lora, { max_length: 2048 }],
    ['the model', full, { facts: QWEN3_8B }],
    ['the model', lora, { facts: LLAMA_70B }],
    ['the layers', lora, { facts: { ...QWEN3_8B, layers: 48 } }],
    ['pairs', full, { sequences: 2 }],
    ['no checkpointing', full, { gradient_checkpointing: false }],
    ['no checkpointing', lora, { gradient_checkpointing: false }],
    ['no checkpointing', qlora, { gradient_checkpointing: false }],
    ['accumulation', { ...full, gradient_accumulation_steps: 1 }, { gradient_accumulation_steps: 4 }],
    ['rows of different length', { ...lora, padded: false }, { padded: true }],
    ['AdamW by foreach', { ...full, max_length: 64 }, { optimizer: optimizerOf({ optim: 'adamw_torch' }) }],
    ['eager attention', lora, { facts: { ...QWEN3_8B, layout: { ...QWEN3_8B.layout, attention: 'eager' } } }],
    ['the rank', lora, { lora_rank: 256 }],
  ])('grows with %s', (_, input, more) => expect(gib({ ...input, ...more })).toBeGreaterThan(gib(input)));

  it('is the sum of its parts, none below zero', () => {
    for (const input of [full, lora, qlora, { ...lora, gradient_checkpointing: false, padded: false }]) {
      expect(Object.values(trainingMemory(input)).every((part) => part >= 0)).toBe(true);
    }
  });

  it('orders the modes', () => {
    expect(gib(qlora)).toBeLessThan(gib(lora));
    expect(gib(lora)).toBeLessThan(gib({ ...full, facts: QWEN3_8B }));
  });

  it('has the coefficients that the recorded steps give', () => expect(fitAll()).toEqual(FITTED));

  it('has no coefficient below zero', () => {
    const all = Object.values(FITTED).flatMap(({ checkpointed, plain, unkept }) => [
      unkept.forward,
      checkpointed.inside,
      ...Object.values(plain),
    ]);
    expect(all).toHaveLength(15);
    for (const coefficients of all) expect(Math.min(...Object.values(coefficients))).toBeGreaterThan(0);
  });
});

describe('parametersFromShape', () => {
  it.each([
    [QWEN3_06B, true],
    [QWEN3_8B, false],
  ])('is within 1% of the stored tensors', (facts, tied) => {
    expect(Math.abs(parametersFromShape(facts, tied) / facts.parameters - 1)).toBeLessThan(0.01);
  });
});

it('reads a mixture of experts', () => {
  const { layout } = factsFrom('x', {
    model_type: 'qwen3_moe',
    parameters: 30_532_122_624,
    hidden_size: 2048,
    num_hidden_layers: 48,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    head_dim: 128,
    intermediate_size: 6144,
    vocab_size: 151_936,
    tie_word_embeddings: false,
    ...{ num_experts: 128, num_experts_per_tok: 8, moe_intermediate_size: 768 },
  });
  expect(layout.experts).toEqual({ count: 128, per_token: 8, intermediate_size: 768, adapted: true });
});

it('takes a family that was never recorded for the fullest, whatever its config.json says', () => {
  const odd = {
    model_type: 'brand_new',
    num_attention_heads: 8,
    sliding_window: 'wide',
    num_experts: -1,
    layer_types: 7,
  };
  const layout = readLayout(odd, true);
  expect(layout).toMatchObject({
    recorded: false,
    qk_norm: true,
    sandwich_norm: true,
    experts: null,
    sliding_window: null,
  });
  const llama = readLayout({ ...odd, model_type: 'llama' }, true);
  expect(gib({ ...lora, facts: { ...QWEN3_8B, layout } })).toBeGreaterThan(
    gib({ ...lora, facts: { ...QWEN3_8B, layout: llama } }),
  );
  expect(readLayout({ ...odd, layer_types: ['full_attention', 'linear_attention'] }, true).linear_attention).toBe(true);
});

it('on a CPU, where the loss tiles are whole in fp32, takes more than on a GPU', () => {
  const gpu = trainingMemory({ ...full, facts: QWEN3_06B });
  const cpu = trainingMemory({ ...full, facts: QWEN3_06B, compute: 'fp32' });
  expect(totalGib(cpu)).toBeGreaterThan(totalGib(gpu) + 2);
});

describe('the recorded steps on pictures', () => {
  const rows = readPictures();

  it('are met, and hardly one takes more than estimated', () => {
    const errors = rows.map((row) => allocatedGib(trainingMemory(pictureInput(row, rows)), 0) / (row.peak / GIB) - 1);
    const found = summary(errors);
    expect(found.count).toBeGreaterThanOrEqual(70);
    expect(found.median).toBeLessThan(0.03);
    expect(found.p90).toBeLessThan(0.12);
    expect(found.lowest).toBeGreaterThan(-0.03);
  });

  it('count as recorded under the model types that their configurations have', () => {
    const recorded = rows.map((row) => [
      row.config.text_config.model_type,
      pictureInput(row, rows).facts.layout.recorded,
    ]);
    expect(recorded.filter(([, known]) => !known)).toEqual([]);
    expect(recorded).toContainEqual(['qwen2_5_vl_text', true]);
    expect(recorded).toContainEqual(['qwen3_vl_text', true]);
  });

  it('train adapters in the tower and the projector, too', () => {
    for (const row of rows.filter(({ mode }) => mode !== 'full')) {
      const { facts, lora_rank } = pictureInput(row, rows);
      expect(loraParameters(facts, lora_rank), row.family).toBe(row.trained);
    }
  });

  it('have a tower where their configuration describes one', () => {
    expect(readVisionTower({ model_type: 'llama', hidden_size: 8 })).toBeNull();
  });

  it.each([
    ['smolvlm', { scale_factor: 4, vision_config: { hidden_size: 768, image_size: 512, patch_size: 16 } }, 768, 12, 16],
    ['gemma3', { mm_tokens_per_image: 256, vision_config: { image_size: 896, patch_size: 14 } }, 1152, 27, 16],
    [
      'llava',
      { vision_config: { hidden_size: 1024, num_hidden_layers: 24, image_size: 336, patch_size: 14 } },
      1024,
      24,
      1,
    ],
    ['qwen2_vl', { vision_config: { depth: 32, embed_dim: 1280, hidden_size: 3584 } }, 1280, 32, 4],
    ['brand_new', { vision_config: { depth: 'deep' } }, 1152, 27, 4],
  ])('reads the tower of %s', (model_type, rest, hidden_size, layers, patches_per_token) => {
    expect(readVisionTower({ model_type, ...rest })).toMatchObject({
      hidden_size,
      layers,
      patches_per_token,
    });
  });
});

describe('methods', () => {
  const grpo: MemoryInput = { ...lora, generated: 64, scored: 512 };

  it('hold the answers that are generated side by side, and their prompts', () => {
    expect(gib({ ...grpo, generated: 512 })).toBeGreaterThan(gib(grpo));
    expect(gib({ ...grpo, generated: 512, max_length: 4096 })).toBeGreaterThan(gib({ ...grpo, generated: 512 }));
  });

  it('ask a frozen copy beside all weights, and the model itself beside adapters', () => {
    const both = trainingMemory({ ...full, reference: true });
    expect(both.weights).toBeCloseTo(2 * trainingMemory(full).weights, 6);
    expect(trainingMemory({ ...lora, reference: true }).weights).toBe(trainingMemory(lora).weights);
  });

  it('score fewer tokens where the prompt is left out', () => {
    const plain: MemoryInput = { ...full, gradient_checkpointing: false };
    expect(gib({ ...plain, scored: 64 })).toBeLessThan(gib(plain));
  });

  it('need no output layer for one score of a sequence', () => {
    const parts = trainingMemory({ ...lora, classifier: true });
    const output = QWEN3_8B.vocab_size * QWEN3_8B.hidden_size * 2;
    expect((trainingMemory(lora).weights - parts.weights) * GIB).toBeCloseTo(output, -3);
    expect(gib({ ...full, classifier: true })).toBeLessThan(gib(full));
  });
});
