import { expect, it } from 'vitest';
import { nothingFits } from '../../scripts/commands/nothing-fits.ts';
import { candidateFor, type SearchInput, targetOf } from '../../scripts/planner/search.ts';
import { SNAPSHOT } from '../../scripts/planner/snapshot.ts';
import { work } from '../planner/support.ts';

it('vLLM asked for where it cannot run: says so, and what can', () => {
  const t4 = SNAPSHOT.flavors.find(({ name }) => name === 't4-small');
  if (!t4) throw new Error('no t4-small');
  const asked = work({ method: 'grpo', request: { model: 'm', dataset: 'd', set: { use_vllm: true } } });
  const input: SearchInput = {
    work: asked,
    modes: ['lora'],
    backend: 'hf',
    max_length: 512,
    epochs: 1,
    timeout_seconds: null,
  };
  const fits = (other: SearchInput): boolean => candidateFor(other, t4, targetOf(t4)) !== null;
  expect(fits(input)).toBe(false);
  const { message, hint } = nothingFits(input, 't4-small', { fits });
  expect(message).toMatch(/vLLM needs one CUDA GPU that computes in bf16/);
  expect(hint).toMatch(/--set use_vllm=false/);
});
