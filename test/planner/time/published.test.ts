import { describe, expect, it } from 'vitest';
import { bestNaiveShare, COMMITTED, errorOf, fitTo } from '../../../bench/time/fit.ts';
import { naive, predicted, ROWS, sourceOf } from '../../../bench/time/rows.ts';
import { acceleratorOf } from '../../../scripts/planner/hardware/accelerator.ts';
import { decodingSeconds } from '../../../scripts/planner/time/generation.ts';
import { accelerated, microBatchSeconds } from '../../../scripts/planner/time/step.ts';
import { flavorNamed } from '../support.ts';

const LIKE = ROWS.filter(({ kind }) => kind === 'like');
const factor = (ratio: number) => Math.max(ratio, 1 / ratio);
const within = (ratios: number[], limit: number) =>
  ratios.filter((ratio) => factor(ratio) <= limit).length / ratios.length;

describe('published training steps', () => {
  it('are enough to say something', () => {
    expect(ROWS.length).toBeGreaterThan(200);
    expect(LIKE.length).toBeGreaterThan(40);
    expect(new Set(LIKE.map(sourceOf)).size).toBeGreaterThanOrEqual(5);
    expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
  });

  it('are met within 1.3 for nine in ten, of runs like ours', () => {
    expect(
      within(
        LIKE.map((row) => errorOf(row, COMMITTED)),
        1.3,
      ),
    ).toBeGreaterThanOrEqual(0.9);
  });

  it('of the source with most lengths are met by a fit that has not seen it, and not by the usual rule', () => {
    const [own, others] = [true, false].map((is) => LIKE.filter((row) => (sourceOf(row) === 'QwenLM/Qwen') === is));
    const [fit, share] = [fitTo(others ?? []), bestNaiveShare(others ?? [])];
    expect(
      within(
        (own ?? []).map((row) => errorOf(row, fit)),
        1.5,
      ),
    ).toBeGreaterThanOrEqual(0.9);
    expect(
      within(
        (own ?? []).map((row) => naive(row, share) / row.seconds),
        1.5,
      ),
    ).toBeLessThan(0.5);
  }, 30_000);

  it('on several GPUs are within 1.3 for nine in ten and none beyond 1.5, with what those send each other', () => {
    const several = ROWS.filter(({ kind }) => kind === 'several');
    const ratios = several.map((row) => errorOf(row, COMMITTED));
    expect(several.every(({ processes }) => processes === 8)).toBe(true);
    expect(within(ratios, 1.3)).toBeGreaterThan(0.9);
    expect(within(ratios, 1.5)).toBe(1);
    for (const row of several) {
      expect(predicted(row)).toBeGreaterThan(predicted(row, undefined, undefined, false));
    }
  });

  it('of guessed lengths are within 1.5 mostly', () => {
    const ratios = ROWS.filter(({ kind }) => kind === 'other').map((row) => errorOf(row, COMMITTED));
    expect(within(ratios, 1.5)).toBeGreaterThan(0.8);
  });
});

/**
 * TRL's notebook for GRPO, examples/notebooks/grpo_trl_lora_qlora.ipynb @f2cd57710: Qwen2-7B on a 4-bit base, 8 answers of
 * at most 256 tokens a step; 500 steps in 47,229 s on a T4, 0.04 steps a second on an A100. Prompts are not told: 300.
 * No constant was fitted to it.
 */
describe('a published step of GRPO', () => {
  const shape = {
    parameters: 7.616e9,
    hidden_size: 3584,
    layers: 28,
    intermediate_size: 18_944,
    query_size: 3584,
    key_value_size: 512,
    vocab_size: 152_064,
  };
  it.each([
    ['t4-small', 47_229 / 500],
    ['a100-large', 1 / 0.04],
  ])('on %s takes %d s', (name, published) => {
    const accelerator = acceleratorOf(flavorNamed(name));
    if (!accelerator) throw new Error(name);
    const on = accelerated(accelerator);
    const common = { shape, mode: 'qlora' as const, weight_bytes: 2, sequences: 8 };
    const training = { ...common, tokens: 556, checkpointing: true, extra_forwards: 0, adapted: 1 };
    const step = 256 * decodingSeconds({ ...common, context: 428 }, on) + microBatchSeconds(training, on);
    expect(factor(step / published)).toBeLessThan(1.3);
  });
});
