import { describe, expect, it } from 'vitest';
import { loraParameters, totalGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { parametersFromShape } from '../../scripts/planner/model-facts.ts';
import { QWEN3_8B, QWEN3_06B } from './support.ts';

const GIB = 2 ** 30;
const full = {
  facts: QWEN3_06B,
  mode: 'full',
  weight_bytes: 4,
  lora_rank: 32,
  per_device_train_batch_size: 4,
  max_length: 1024,
} as const;
const lora = { ...full, facts: QWEN3_8B, mode: 'lora', weight_bytes: 2 } as const;

describe('trainingMemory', () => {
  it('counts 16 bytes a parameter for weights, gradients and AdamW in fp32', () => {
    const { weights, gradients, optimizer } = trainingMemory(full);
    expect((weights + gradients + optimizer) * GIB).toBeCloseTo(16 * QWEN3_06B.parameters, -3);
  });

  it('counts 2 bytes for a frozen base, and 16 for the adapters alone', () => {
    const { weights, gradients, optimizer } = trainingMemory(lora);
    const adapters = loraParameters(QWEN3_8B, 32);
    expect((weights + gradients + optimizer) * GIB).toBeCloseTo(2 * QWEN3_8B.parameters + 16 * adapters, -3);
  });

  // Measured with torch's MemTracker on the real Qwen3-0.6B: fp32 weights, bf16 autocast, checkpointing, AdamW;
  // without TRL's chunked loss, so the logits (batch x length x vocabulary in fp32, several times) come on top.
  it('lies below what the run without a chunked loss was measured to take', () => {
    expect(totalGib(trainingMemory(full))).toBeGreaterThan(9);
    expect(totalGib(trainingMemory(full))).toBeLessThan(14.4);
    expect(totalGib(trainingMemory({ ...full, per_device_train_batch_size: 8, max_length: 2048 }))).toBeLessThan(36.7);
  });

  // Presets that trl-jobs ships for one A100 of 80 GB: they fit there, so the estimate may not say otherwise.
  it.each([
    ['Qwen3-0.6B, all weights, 32768 tokens', { ...full, per_device_train_batch_size: 1, max_length: 32_768 }],
    ['Qwen3-8B, LoRA, 24576 tokens', { ...lora, per_device_train_batch_size: 1, max_length: 24_576 }],
  ])('%s fits an A100', (_, input) => expect(totalGib(trainingMemory(input))).toBeLessThan(79.2));

  it.each([
    ['batch', { ...full, per_device_train_batch_size: 8 }],
    ['length', { ...full, max_length: 2048 }],
    ['model', { ...full, facts: QWEN3_8B }],
  ])('grows with the %s', (_, bigger) => {
    expect(totalGib(trainingMemory(bigger))).toBeGreaterThan(totalGib(trainingMemory(full)));
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
