import { describe, expect, it } from 'vitest';
import { doubts } from '../../../scripts/planner/doubts.ts';
import { overflowsFp16 } from '../../../scripts/planner/model-facts/fp16.ts';
import type { SearchInput } from '../../../scripts/planner/search/candidate.ts';
import { candidateOn, QWEN3_06B, work } from '../support.ts';

const on = (name: string, architecture: string, modes: SearchInput['modes'] = ['lora']) => {
  const workload = work({ facts: { ...QWEN3_06B, architecture } });
  const candidate = candidateOn(name, { work: workload, modes });
  if (!candidate) throw new Error(`nothing on ${name}`);
  return { ...candidate, said: doubts(workload, candidate.recipe).join() };
};
const GEMMA = 'Gemma3ForConditionalGeneration';

describe('a family that overflows in fp16', () => {
  it.each([
    ['Gemma2ForCausalLM', 'Gemma2'],
    ['Gemma3ForCausalLM', 'Gemma3'],
    [GEMMA, 'Gemma3'],
    ['Qwen3_5ForCausalLM', 'Qwen3_5'],
    ['Gemma3nForConditionalGeneration', 'Gemma3n'],
    ['GemmaForCausalLM', null],
    ['Qwen3ForCausalLM', null],
    ['LlamaForCausalLM', null],
  ])('%s: %s', (architecture, family) => expect(overflowsFp16({ architecture })).toBe(family));

  it.each(['lora', 'full'] as const)('computes in fp32 on a card without bf16: %s', (mode) => {
    const { recipe, said } = on('t4-small', GEMMA, [mode]);
    expect(recipe).toMatchObject({ precision: 'fp32', weights_dtype: 'float32' });
    expect(recipe.training_args).toMatchObject({ fp16: false, bf16: false });
    expect(said).toMatch(/^Gemma3 overflows in fp16, and this accelerator has no bf16/);
  });

  it('is slower and larger there, by the estimate', () => {
    const [fp32, fp16] = [on('t4-small', GEMMA), on('t4-small', 'Qwen3ForCausalLM')];
    expect(fp16.recipe.precision).toBe('fp16');
    expect(fp16.said).toBe('');
    expect(fp32.time.parts.training).toBeGreaterThan(3 * fp16.time.parts.training);
    expect(fp32.memory.weights).toBeCloseTo(2 * fp16.memory.weights);
  });

  it('computes in bf16 where there is bf16', () => {
    const { recipe, said } = on('a10g-small', GEMMA);
    expect([recipe.precision, recipe.weights_dtype, said]).toEqual(['bf16', 'bfloat16', '']);
  });
});
