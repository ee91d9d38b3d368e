import { describe, expect, it } from 'vitest';
import { nothingFits } from '../../scripts/commands/nothing-fits.ts';
import type { Flavor } from '../../scripts/plan/flavor.ts';
import type { SearchInput } from '../../scripts/planner/candidate.ts';
import { answerTokens } from '../../scripts/planner/lengths.ts';
import type { Workload } from '../../scripts/planner/workload.ts';
import { flavorNamed, QWEN3_8B, work } from '../planner/support.ts';

const input = (
  overrides: Partial<Workload>,
  modes: SearchInput['modes'] = ['full'],
  max_length = 4096,
): SearchInput => ({
  work: work({ facts: QWEN3_8B, ...overrides }),
  ...{ modes, max_length, backend: 'hf', epochs: 1, timeout_seconds: null },
});
const gpu = (gpu_memory_gib: number): Flavor[] => [{ ...flavorNamed('t4-small'), gpu_memory_gib }];
const SMALL = gpu(4);
const hint = (given: SearchInput, fits: (other: SearchInput) => boolean) =>
  nothingFits(given, 'here', { fits, bf16: true, flavors: SMALL }).hint;

describe('what QLoRA and vLLM need', () => {
  const message = (given: SearchInput, bf16: boolean) =>
    nothingFits(given, 'here', { fits: () => false, bf16, flavors: SMALL }).message;
  const vllm = input({ method: 'grpo', request: { ...work().request, set: { use_vllm: true } } }, ['lora', 'qlora']);

  it.each<[string, SearchInput, RegExp]>([
    ['one', input({}, ['lora', 'qlora']), /\); QLoRA needs a CUDA GPU that computes in bf16$/],
    ['both', vllm, /\); QLoRA and vLLM need a CUDA GPU that computes in bf16$/],
  ])('is said where there is none: %s', (_, given, expected) => {
    expect(message(given, false)).toMatch(expected);
    expect(message(given, true)).toMatch(/\)$/);
  });
});

describe('what takes the memory', () => {
  const asking = (batch: number) => ({ request: { ...work().request, set: { per_device_train_batch_size: batch } } });
  it.each<[string, SearchInput, RegExp]>([
    ['beside all weights the optimizer', input({}), /takes \d+ GiB \(gradients and optimizer \d+, weights 31, act/],
    [
      'of DPO a reference, too',
      input({ method: 'dpo' }),
      /\(gradients and optimizer \d+, weights 31, its reference 31/,
    ],
    ['of an adapter the weights', input({}, ['full', 'lora']), /batch of 1 takes \d+ GiB \(weights 15/],
    ['of a large batch its activations', input(asking(64), ['lora']), /batch of 64 takes \d+ GiB \(activations \d+, w/],
  ])('is named: %s', (_, given, expected) => {
    const { message } = nothingFits(given, 'here', { fits: () => false, bf16: true, flavors: SMALL });
    expect(message).toMatch(expected);
    const [total = 0, ...parts] = (message.split(' takes ')[1]?.match(/\d+/g) ?? []).map(Number);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeGreaterThan(0.8 * total);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(total + 1);
  });
});

it('names what lacks where memory does not', () => {
  const message = (set: Record<string, number | boolean>, flavors = gpu(80)) =>
    nothingFits(input({ request: { ...work().request, set } }, ['lora']), 'here', {
      ...{ fits: () => false, bf16: true },
      flavors,
    }).message;
  expect(message({})).toMatch(/for which there is room: what lacks is RAM or disk$/);
  expect(message({ use_vllm: true })).toMatch(/what lacks is RAM, disk or the share of vLLM$/);
  // Without CUDA they are computed in fp32.
  expect(message({}, [flavorNamed('cpu-basic')])).toMatch(/on one device .*weights 31/);
});

describe('what would fit', () => {
  it.each<[string, SearchInput, (other: SearchInput) => boolean, string]>([
    ['an adapter', input({}), ({ modes }) => modes[0] === 'lora', '--lora on'],
    ['one on 4 bits', input({}), ({ modes }) => modes[0] === 'qlora', '--lora qlora'],
    ['a quarter of the length', input({}), ({ max_length }) => max_length <= 1024, '--max-length 1024'],
    [
      'a smaller batch than was asked for, before all else',
      input({ request: { ...work().request, set: { per_device_train_batch_size: 100 } } }),
      ({ work: other, max_length }) =>
        Number(other.request.set?.per_device_train_batch_size) <= 12 || max_length <= 512,
      '--set per_device_train_batch_size=12, or with --max-length 512',
    ],
    [
      'shorter answers, where they are written',
      input({ method: 'grpo' }),
      ({ work: other }) => answerTokens(other) <= 200,
      '--set max_completion_length=128',
    ],
    [
      'either',
      input({}),
      ({ modes, max_length }) => modes[0] === 'lora' || max_length < 600,
      '--lora on, or with --max-length 512',
    ],
  ])('%s', (_, given, fits, expected) =>
    expect(hint(given, fits)).toBe(`What would fit: the same command with ${expected}.`),
  );

  it.each<[string, SearchInput]>([
    ['where nothing does', input({})],
    [
      'where pictures are as long as they are',
      input({ report: { ...work().report, vision: true } }, ['lora', 'qlora']),
    ],
    ['where all is short already', input({}, ['full', 'lora', 'qlora'], 300)],
  ])('is a smaller model %s', (_, given) =>
    expect(hint(given, ({ max_length }) => max_length < 200)).toMatch(/take a smaller model/),
  );
});
