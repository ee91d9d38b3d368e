import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../../../scripts/planner/model-facts.ts';
import { modesFor } from '../../../scripts/planner/search/modes.ts';
import { composeScript } from '../../../scripts/training/compose.ts';
import { samplePlan } from '../../support/plan.ts';
import { QWEN3_8B } from '../support.ts';

/** As gpt-oss is published: its experts in MXFP4. */
const PACKED: ModelFacts = { ...QWEN3_8B, dequantize: 'mxfp4' };

describe('weights that are packed', () => {
  it.each([
    [undefined, ['lora']],
    ['auto', ['lora']],
    ['on', ['lora']],
    ['off', ['full']],
  ] as const)('with --lora %s are trained as %j', (lora, modes) => {
    expect(modesFor(PACKED, lora).modes).toEqual(modes);
  });

  it('are not packed in another format', () => {
    expect(() => modesFor(PACKED, 'qlora')).toThrow(/are packed already/);
    expect(modesFor(QWEN3_8B, 'qlora').modes).toEqual(['qlora']);
  });

  it('are unpacked by the script, and by no other script', () => {
    const script = (dequantize?: 'mxfp4'): string =>
      composeScript(samplePlan({ model: dequantize ? { dequantize } : {} })).script;
    expect(script('mxfp4')).toContain('"quantization_config": Mxfp4Config(dequantize=True),');
    expect(script()).not.toContain('Mxfp4Config');
  });
});
