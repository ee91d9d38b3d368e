import { describe, expect, it } from 'vitest';
import type { Flavor } from '../../../scripts/plan/flavor.ts';
import type { Planned } from '../../../scripts/plan/methods.ts';
import type { Request } from '../../../scripts/plan/request.ts';
import { acceleratorOf } from '../../../scripts/planner/hardware/accelerator.ts';
import { checkConflicts } from '../../../scripts/planner/overrides/conflicts.ts';
import type { Candidate } from '../../../scripts/planner/search/candidate.ts';
import { FILL } from '../../../scripts/planner/search/footprint.ts';
import { decodingSeconds, vllmDecodingSeconds } from '../../../scripts/planner/time/generation.ts';
import { accelerated } from '../../../scripts/planner/time/step.ts';
import type { Workload } from '../../../scripts/planner/workload.ts';
import { candidateOn, flavorNamed, LLAMA_70B, QWEN3_8B, QWEN3_06B, work } from '../support.ts';

function candidate(
  overrides: Partial<Workload> & { set?: Request['set'] },
  { flavor = 'a100-large', mode = 'full' as 'full' | 'lora' | 'qlora', backend = 'hf' as 'hf' | 'local' } = {},
): Candidate | null {
  const request = { model: 'm', dataset: 'd', ...(overrides.set ? { set: overrides.set } : {}) };
  return candidateOn(flavor, { work: work({ method: 'grpo', request, ...overrides }), modes: [mode], backend });
}

const byVllm = (of: Candidate | null): unknown => of?.recipe.training_args.use_vllm;

describe('answers are written by vLLM', () => {
  it.each<[string, Candidate | null]>([
    ['on an A100', candidate({})],
    ['on a small Ampere card', candidate({}, { flavor: 'a10g-small', mode: 'lora' })],
    ['for RLOO', candidate({ method: 'rloo' })],
    ['for an adapter', candidate({ facts: QWEN3_8B }, { mode: 'lora' })],
  ])('%s', (_, one) => {
    expect(byVllm(one)).toBe(true);
    const share = Number(one?.recipe.training_args.vllm_gpu_memory_utilization);
    const usable = acceleratorOf(one?.flavor as Flavor)?.usable_gib ?? 0;
    expect(one?.memory.vllm).toBeCloseTo(share * usable);
    expect(one?.gpu_memory_gib).toBeLessThanOrEqual(FILL * usable);
    // Its own weights are in it.
    expect(one?.memory.vllm).toBeGreaterThan((2 * QWEN3_06B.parameters) / 2 ** 30);
  });

  it.each<[string, Candidate | null]>([
    ['on a GPU without bf16', candidate({}, { flavor: 't4-small', mode: 'lora' })],
    ['on a CPU', candidate({}, { flavor: 'cpu-upgrade' })],
    ['on this machine, unasked', candidate({}, { backend: 'local' })],
    ['beside 4-bit weights', candidate({}, { mode: 'qlora' })],
    ['by several GPUs', candidate({}, { flavor: 'a10g-largex2' })],
    [
      'for an architecture that was not tried',
      candidate({ facts: { ...QWEN3_06B, architecture: 'OtherForCausalLM' } }),
    ],
    ['where it was not wanted', candidate({ set: { use_vllm: false } })],
    ['for so few steps that its start costs more', candidate({ set: { max_completion_length: 8 }, rows: 40 })],
  ])('not %s', (_, one) => {
    expect(one).not.toBeNull();
    expect(byVllm(one)).not.toBe(true);
    expect(one?.memory.vllm).toBeUndefined();
  });

  it('saves time, and is what was estimated', () => {
    const [without, along] = [candidate({ set: { use_vllm: false } }), candidate({})];
    expect(along?.time.parts.generation).toBeLessThan((without?.time.parts.generation ?? 0) / 3);
    expect(along?.time.parts.setup).toBeGreaterThan(without?.time.parts.setup ?? 0);
    expect(along?.seconds).toBeLessThan(0.7 * (without?.seconds ?? 0));
  });

  it('where it was asked for, on this machine too, and nowhere else', () => {
    expect(byVllm(candidate({ set: { use_vllm: true } }, { backend: 'local' }))).toBe(true);
    expect(candidate({ set: { use_vllm: true } }, { flavor: 't4-small', mode: 'lora' })).toBeNull();
    expect(candidate({ set: { use_vllm: true, vllm_gpu_memory_utilization: 0.5 } })?.memory.vllm).toBeCloseTo(
      0.5 * 79.2,
      0,
    );
  });
});

it.each<[string, Partial<Workload>, RegExp]>([
  ['pictures', { report: { ...work().report, vision: true } }, /pictures/],
  ['an architecture that was not tried', { facts: { ...LLAMA_70B, architecture: 'OtherForCausalLM' } }, /not tried/],
])('use_vllm is refused for %s', (_, overrides, message) => {
  const asked = { model: 'm', dataset: 'd', set: { use_vllm: true } };
  expect(() => checkConflicts(work({ method: 'grpo', request: asked, ...overrides }))).toThrow(message);
});

describe('a token by vLLM', () => {
  const shape = (parameters: number, layers: number) => ({ ...QWEN3_06B, parameters, layers, key_value_size: 128 });
  const on = (gpu: { bandwidth?: number } = {}) => {
    const a100 = acceleratorOf(flavorNamed('a100-large'));
    if (!a100) throw new Error('no a100');
    return { ...accelerated(a100), ...gpu };
  };
  // Qwen2.5 on an A100 80 GB (QwenLM/Qwen2.5, speed_benchmark.rst), and Llama 3.1 8 B on one of 40 GB.
  it.each<[number, number, number, { bandwidth?: number }]>([
    [0.494e9, 24, 311.55, {}],
    [1.544e9, 28, 183.33, {}],
    [7.616e9, 28, 84.28, {}],
    [14.77e9, 48, 46.3, {}],
    [8.03e9, 32, 75, { bandwidth: 1555e9 }],
  ])('of %d parameters in %d layers: %d a second', (parameters, layers, published, gpu) => {
    const token = vllmDecodingSeconds({ shape: shape(parameters, layers), sequences: 1, context: 1000 }, on(gpu));
    expect(Math.exp(Math.abs(Math.log(token * published)))).toBeLessThan(1.2);
  });

  it('is never slower than by transformers', () => {
    for (const method of ['full', 'lora'] as const) {
      for (const sequences of [1, 16, 256]) {
        const one = { shape: shape(7.6e9, 28), sequences, context: 600 };
        const slow = decodingSeconds({ ...one, mode: method, weight_bytes: 2 }, on());
        expect(vllmDecodingSeconds(one, on())).toBeLessThan(slow * 1.15);
      }
    }
  });
});

it.each<Planned>(['sft', 'dpo', 'kto', 'reward'])('%s has nothing to do with it', (method) => {
  expect(byVllm(candidate({ method }))).toBeUndefined();
});
