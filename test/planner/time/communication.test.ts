import { describe, expect, it } from 'vitest';
import type { Flavor } from '../../../scripts/plan/flavor.ts';
import { acceleratorOf } from '../../../scripts/planner/hardware/accelerator.ts';
import { SNAPSHOT } from '../../../scripts/planner/hardware/snapshot.ts';
import { addedToBatch, addedToStep, type Sending } from '../../../scripts/planner/time/communication.ts';
import { accelerated, microBatchSeconds } from '../../../scripts/planner/time/step.ts';
import { LLAMA_70B, QWEN3_8B } from '../support.ts';

const sharded: Sending = {
  strategy: 'fsdp2',
  processes: 8,
  parameters: 8e9,
  trained: 8e9,
  gradient_bytes: 4,
  passes: 2,
  bandwidth: 100e9,
};
const copies: Sending = { ...sharded, strategy: 'ddp' };

describe('what processes send each other', () => {
  it('under FSDP2: the weights in every pass and the gradients, in 16 bits, of which each has one part in eight', () => {
    // Nothing to hide behind: 2 bytes x 3 x 8e9 x 7/8 at 100 GB/s.
    expect(addedToBatch(0, sharded)).toBeCloseTo(0.42);
    expect(addedToBatch(0, { ...sharded, trained: 0 })).toBeCloseTo(0.28);
    expect(addedToStep(1, sharded)).toBe(0);
  });

  it('of a reference the weights before its pass, which hides nothing', () => {
    const [beside, without] = [addedToBatch(100, { ...sharded, passes: 3, waiting: 1 }), addedToBatch(100, sharded)];
    expect(beside - without).toBeCloseTo(0.14);
  });

  it('under DDP: the gradients to and fro, once a step', () => {
    expect(addedToStep(0, copies)).toBeCloseTo((2 * 4 * 8e9 * 7) / 8 / 100e9);
    expect(addedToBatch(1, copies)).toBe(0);
  });

  it('alone nothing', () => {
    expect(addedToBatch(1, { ...sharded, strategy: 'alone' })).toBe(0);
    expect(addedToStep(1, { ...sharded, strategy: 'alone' })).toBe(0);
  });

  it('is hidden behind computing, but for a part', () => {
    const [short, long] = [addedToBatch(0.1, sharded), addedToBatch(10, sharded)];
    expect(long).toBeGreaterThan(0);
    expect(long).toBeLessThan(short);
    expect(0.1 + short).toBeGreaterThan(0.42);
  });

  it.each([
    ['twice as long over links half as fast', { bandwidth: 50e9 }, 2],
    ['as long between two as the part that they lack', { processes: 2 }, 0.5 / 0.875],
  ])('takes %s', (_, change, factor) =>
    expect(addedToBatch(0, { ...sharded, ...change })).toBeCloseTo(factor * 0.42, 6),
  );
});

describe('the links', () => {
  it.each(SNAPSHOT.flavors.filter(({ accelerators }) => accelerators > 1).map((flavor) => [flavor.name, flavor]))(
    'of %s are known',
    (_, flavor) => {
      const accelerator = acceleratorOf(flavor as Flavor);
      expect(accelerator?.link_gb_s).toBeGreaterThan(5);
      expect(accelerator?.link_gb_s).toBeLessThan(accelerator?.bandwidth_gb_s ?? 0);
    },
  );
});

describe('published steps under FSDP2', () => {
  const seconds = (
    name: string,
    batch: Parameters<typeof microBatchSeconds>[0],
    trained: number,
    parameters: number,
  ) => {
    const accelerator = acceleratorOf({ accelerator: name, accelerators: 8, gpu_memory_gib: 80 } as Flavor);
    if (!accelerator) throw new Error(name);
    const computing = microBatchSeconds(batch, accelerated(accelerator));
    const bandwidth = 1e9 * accelerator.link_gb_s;
    return computing + addedToBatch(computing, { ...sharded, trained, parameters, bandwidth });
  };
  const batch = { weight_bytes: 2, sequences: 2, checkpointing: true, extra_forwards: 0 };

  it('torchtune 2024-09, README: 70 B with LoRA on q, k and v, 8 A100, 3497 tokens a second', () => {
    const ours = seconds(
      'A100',
      { ...batch, shape: LLAMA_70B, mode: 'lora', tokens: 2048, adapted: 0.3 },
      1e8,
      70.55e9,
    );
    const theirs = (8 * 2 * 2048) / 3497;
    expect(ours / theirs).toBeGreaterThan(1 / 1.3);
    expect(ours / theirs).toBeLessThan(1.3);
  });

  it('torchtitan: Llama 3 8 B, all weights, 8 H100, 5762 tokens a second each', () => {
    const shape = { ...QWEN3_8B, layers: 32, intermediate_size: 14_336, vocab_size: 128_256 };
    const ours = seconds('H100', { ...batch, shape, mode: 'full', tokens: 8192, adapted: 0 }, 8e9, 8e9);
    const theirs = (2 * 8192) / 5762;
    expect(ours / theirs).toBeGreaterThan(1 / 1.3);
    expect(ours / theirs).toBeLessThan(1.3);
  });
});
