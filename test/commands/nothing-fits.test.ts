import { describe, expect, it } from 'vitest';
import { nothingFits } from '../../scripts/commands/nothing-fits.ts';
import type { TrainerError } from '../../scripts/errors.ts';
import type { Flavor } from '../../scripts/plan/flavor.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { answerTokens } from '../../scripts/planner/recipe/lengths.ts';
import type { SearchInput } from '../../scripts/planner/search/candidate.ts';
import type { Place } from '../../scripts/planner/search/shortage.ts';
import { candidateFor, targetOf } from '../../scripts/planner/search.ts';
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
const big = (parameters: number) => ({ ...QWEN3_8B, parameters });
/** Overflows fp16. */
const GEMMA = { ...big(4e9), architecture: 'Gemma3ForCausalLM' };
const gpu = (gpu_memory_gib: number): Flavor[] => [{ ...flavorNamed('t4-small'), gpu_memory_gib }];
const SMALL = gpu(4);
const all = (flavors: readonly Flavor[], bf16?: boolean): Place[] =>
  flavors.map((flavor) => {
    const target = targetOf(flavor);
    return { flavor, target: { ...target, bf16: bf16 ?? target.bf16 } };
  });

/** By what really fits there. */
function refused(flavors: Flavor | string, given: SearchInput): TrainerError {
  const flavor = typeof flavors === 'string' ? flavorNamed(flavors) : flavors;
  const target = targetOf(flavor);
  const fits = (other: SearchInput): boolean => candidateFor(other, flavor, target) !== null;
  expect(fits(given)).toBe(false);
  return nothingFits(given, flavor.name, { fits, tried: [{ flavor, target }] });
}

const hint = (given: SearchInput, fits: (other: SearchInput) => boolean) =>
  nothingFits(given, 'here', { fits, tried: all(SMALL, true) }).hint;

it('names Jobs where it is this machine that is too small', () => {
  const jobs = /Or plan it for a machine of Hugging Face Jobs: --backend hf$/;
  expect(hint({ ...input({}), backend: 'local' }, () => false)).toMatch(jobs);
  expect(hint({ ...input({}), backend: 'local' }, () => true)).toMatch(jobs);
  expect(hint(input({}), () => false)).not.toMatch(jobs);
});

describe('what QLoRA and vLLM need', () => {
  const message = (given: SearchInput, bf16: boolean) =>
    nothingFits(given, 'here', { fits: () => false, tried: all(SMALL, bf16) }).message;
  const vllm = input({ method: 'grpo', request: { ...work().request, set: { use_vllm: true } } }, ['lora', 'qlora']);

  it.each<[string, SearchInput, RegExp]>([
    ['one', input({}, ['lora', 'qlora']), /filled; QLoRA needs a CUDA GPU that computes in bf16$/],
    ['both', vllm, /here: QLoRA and vLLM need a CUDA GPU that computes in bf16$/],
  ])('is said where there is none: %s', (_, given, expected) => {
    expect(message(given, false)).toMatch(expected);
    expect(message(given, true)).toMatch(/filled$/);
  });

  // Both lack bf16, and memory was never the matter.
  it.each(['cpu-basic', 't4-small'])('is all that is said where nothing else was asked for: %s', (name) => {
    const error = refused(name, input({}, ['qlora']));
    expect(error.message).toMatch(/does not run on \S+: QLoRA needs a CUDA GPU that computes in bf16$/);
    expect(error.hint).toBe('Take another machine, or do without QLoRA.');
  });

  it('is one accelerator, where vLLM is asked for beside several', () => {
    const { message: said, hint: way } = refused('l4x4', { ...vllm, work: { ...vllm.work, facts: work().facts } });
    expect(said).toMatch(/does not run on l4x4: vLLM is used beside one accelerator alone$/);
    expect(way).toBe('What would fit: the same command with --set use_vllm=false.');
  });
});

describe('what takes the memory', () => {
  const asking = (batch: number) => ({ request: { ...work().request, set: { per_device_train_batch_size: batch } } });
  it.each<[string, SearchInput, RegExp]>([
    ['beside all weights the optimizer', input({}), /\(gradients and optimizer [\d.]+, weights 30.5, act/],
    [
      'of DPO a reference, too',
      input({ method: 'dpo' }),
      /\(gradients and optimizer [\d.]+, weights 30.5, its reference 30.5/,
    ],
    [
      'of an adapter the weights',
      input({ facts: big(16e9) }, ['full', 'lora']),
      /of 1 takes [\d.]+ GiB with lora \(weights 29.8/,
    ],
    ['of a large batch its activations', input(asking(64), ['lora']), /batch of 64 takes \S+ GiB \(activations \S+ w/],
  ])('is named: %s', (_, given, expected) => {
    const { message } = refused('a10g-small', given);
    expect(message).toMatch(expected);
    expect(message).toMatch(/\), and of its 22 GiB at most 19.8 may be filled$/);
    const said = message.split(' takes ')[1]?.split('), and')[0];
    const [total = 0, ...parts] = (said?.match(/\d+(\.\d+)?/g) ?? []).map(Number);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeGreaterThan(0.8 * total);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(total + 0.3);
  });

  it.each<[string, string, SearchInput, RegExp]>([
    ['bf16, where the GPU has it', 'a10g-small', input({ facts: big(16e9) }, ['lora']), /\(weights 29.8/],
    ['fp32, where fp16 overflows', 't4-medium', input({ facts: GEMMA }, ['lora']), /\(weights in fp32 14.9/],
    [
      'fp32 on a CPU',
      'cpu-basic',
      input({}, ['lora'], 1024),
      /\(weights in fp32 30.5\), and of its 16 GiB at most 14.4/,
    ],
  ])('has the weights as they would be loaded: %s', (_, name, given, expected) =>
    expect(refused(name, given).message).toMatch(expected),
  );

  it('has them in fp32 on a Mac, whose GPU a plan does not compute in bf16 on', () => {
    const mac = {
      ...flavorNamed('t4-small'),
      name: 'mine',
      accelerator: 'Apple M2',
      gpu_memory_gib: 12,
      disk_gib: null,
    };
    const message = (kind: 'mps' | 'cuda') =>
      nothingFits(input({}, ['lora']), 'this machine', {
        ...{ fits: () => false, tried: [{ flavor: mac, target: { kind, bf16: false } }] },
      }).message;
    expect(message('mps')).toMatch(/\(weights in fp32 30.5/);
    expect(message('cuda')).toMatch(/\(weights 15.3/);
  });

  it('is of one device where several share the work', () => {
    expect(refused('a10g-largex4', input({}, ['full'], 1024)).message).toMatch(
      /on each of 4 devices a batch of 1 takes 39.5 GiB \(gradients and optimizer [\d.]+, weights 7.6\), and of its 22/,
    );
  });

  it('is of the flavor that comes nearest, of all that there are', () => {
    const { message } = nothingFits(input({ facts: big(900e9) }, ['lora']), 'any flavor of Hugging Face Jobs', {
      ...{ fits: () => false, tried: all(SNAPSHOT.flavors) },
    });
    expect(message).toMatch(
      /on each of 8 devices of h200x8 a batch of 1 takes [\d.]+ GiB \(weights .* of its 139.8 GiB/,
    );
  });

  it('fits no memory that it would fill to the brim', () => {
    // Takes less than the card has, and more than may be filled of it.
    const { message } = refused('t4-medium', input({ facts: big(6.45e9) }, ['lora'], 512));
    const [, takes = '', there = ''] = /takes ([\d.]+) GiB .* of its ([\d.]+) GiB/.exec(message) ?? [];
    expect(Number(takes)).toBeGreaterThan(13.1);
    expect(Number(takes)).toBeLessThan(Number(there));
  });
});

describe('names what lacks where memory does not', () => {
  const roomy = { ...flavorNamed('a10g-small'), name: 'here' };
  const merged = { ...big(6.2e9), adapter: { source: 'hub', id: 'x/y', revision: 'a'.repeat(40) } as const };
  it.each<[string, Flavor, SearchInput, RegExp]>([
    [
      'RAM, for an adapter that is merged',
      roomy,
      input({ facts: merged }, ['lora'], 1024),
      /for which there is room: what lacks is RAM, of which there are 15 and it takes 15.5 GiB$/,
    ],
    [
      'disk',
      { ...roomy, disk_gib: 20 },
      input({}, ['lora'], 1024),
      /what lacks is disk, of which there are 20 and it takes \d\d(\.\d)? GiB$/,
    ],
    [
      "not beside vLLM, which is a part of the memory's",
      roomy,
      input({ method: 'grpo', request: { ...work().request, set: { use_vllm: true } } }, ['lora'], 1024),
      /\(vLLM 19.8, weights 15.3\), and of its 22 GiB/,
    ],
  ])('%s', (_, flavor, given, expected) => expect(refused(flavor, given).message).toMatch(expected));

  it('is a GPU, where there are CPUs alone', () => {
    const flavors = SNAPSHOT.flavors.filter(({ accelerators }) => accelerators === 0);
    const { message } = nothingFits(input({}, ['lora'], 1024), 'any', { fits: () => false, tried: all(flavors) });
    expect(message).toMatch(/\), and a CPU is taken for tiny models and short runs alone$/);
  });
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
