import { describe, expect, it } from 'vitest';
import { launchLine } from '../../../scripts/output/launch-line.ts';
import type { Recipe } from '../../../scripts/plan/schema.ts';
import { SNAPSHOT } from '../../../scripts/planner/hardware/snapshot.ts';
import { launched, launchOf, strategiesFor } from '../../../scripts/planner/recipe/launch.ts';
import type { Candidate, SearchInput } from '../../../scripts/planner/search/candidate.ts';
import { choose } from '../../../scripts/planner/search/choose.ts';
import { candidateFor, search, targetOf } from '../../../scripts/planner/search.ts';
import { candidateOn, flavorNamed, LLAMA_70B, QWEN3_8B, QWEN3_06B, searchInput, work } from '../support.ts';

const BF16 = { kind: 'cuda', bf16: true } as const;
const batchOf = (candidate: Candidate | null): number => {
  const args = candidate?.recipe.training_args ?? {};
  const processes = Math.max(1, candidate?.flavor.accelerators ?? 0);
  return Number(args.per_device_train_batch_size) * Number(args.gradient_accumulation_steps) * processes;
};

describe('how processes share the work', () => {
  const gemma = { ...QWEN3_8B, architecture: 'Gemma3ForConditionalGeneration' };
  const vision = { ...work().report, vision: true };
  it.each<[string, ReturnType<typeof work>, Recipe['mode'], { kind: 'cuda'; bf16: boolean }, number, string[]]>([
    ['alone on one', work(), 'full', BF16, 1, ['alone']],
    ['all weights', work(), 'full', BF16, 4, ['ddp', 'fsdp2']],
    ['LoRA', work(), 'lora', BF16, 4, ['ddp', 'fsdp2']],
    ['4 bits', work(), 'qlora', BF16, 4, ['ddp']],
    ['fp16', work(), 'full', { kind: 'cuda', bf16: false }, 4, ['ddp']],
    ['pictures', work({ report: vision }), 'lora', BF16, 4, ['ddp']],
    ['GRPO', work({ method: 'grpo' }), 'lora', BF16, 4, ['ddp']],
    ['RLOO', work({ method: 'rloo' }), 'full', BF16, 8, ['ddp']],
    ['DPO beside a reference model', work({ method: 'dpo' }), 'full', BF16, 4, ['ddp', 'fsdp2']],
    ['DPO with an adapter', work({ method: 'dpo' }), 'lora', BF16, 4, ['ddp', 'fsdp2']],
    ['layers that accelerate does not find', work({ facts: gemma }), 'lora', BF16, 4, ['ddp']],
    ['reward', work({ method: 'reward' }), 'full', BF16, 4, ['ddp', 'fsdp2']],
  ])('%s', (_, job, mode, target, accelerators, expected) =>
    expect(strategiesFor(job, mode, target, accelerators)).toEqual(expected),
  );

  it.each(['LlamaForCausalLM', 'Qwen3ForCausalLM', 'MistralForCausalLM', 'MixtralForCausalLM', 'GptOssForCausalLM'])(
    'the layers of %s are found',
    (architecture) =>
      expect(strategiesFor(work({ facts: { ...QWEN3_8B, architecture } }), 'lora', BF16, 4)).toContain('fsdp2'),
  );

  it('one process needs no launcher', () => {
    expect(launchOf('alone', 0, 'fp32')).toEqual({ processes: 1, accelerate: null });
    expect(launchLine({ launch: launchOf('alone', 1, 'bf16') })).toBe('');
  });

  it('copies are launched as such', () => {
    const launch = launchOf('ddp', 4, 'fp16');
    expect(launch).toMatchObject({
      processes: 4,
      accelerate: { distributed_type: 'MULTI_GPU', num_processes: 4, num_machines: 1, mixed_precision: 'fp16' },
    });
    expect(launch.accelerate).not.toHaveProperty('fsdp_config');
    expect(launchLine({ launch })).toBe('4 processes, each with a whole copy of the model (DDP)');
  });

  it('shards are real ones: each layer is given back after use, and no process keeps all', () => {
    const launch = launchOf('fsdp2', 8, 'bf16');
    expect(launch.accelerate).toMatchObject({
      distributed_type: 'FSDP',
      num_processes: 8,
      mixed_precision: 'bf16',
      fsdp_config: {
        fsdp_version: 2,
        fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
        fsdp_reshard_after_forward: true,
        fsdp_state_dict_type: 'FULL_STATE_DICT',
        fsdp_cpu_ram_efficient_loading: true,
        // The Trainer's is on, and transformers refuses both.
        fsdp_activation_checkpointing: false,
      },
    });
    expect(launchLine({ launch })).toBe('8 processes, FSDP2 shards weights, gradients and optimizer');
  });

  it.each<[string, 'full' | 'lora', number, 'ddp' | 'fsdp2', boolean]>([
    ['all weights, several batches a step', 'full', 4, 'fsdp2', true],
    ['one batch a step', 'full', 1, 'fsdp2', false],
    ['an adapter, whose gradients are small', 'lora', 4, 'fsdp2', false],
    ['copies', 'full', 4, 'ddp', false],
  ])('gradients are scattered after every batch: %s', (_, mode, accumulation, strategy, expected) => {
    const recipe = { mode, training_args: { gradient_accumulation_steps: accumulation } } as unknown as Recipe;
    const { accelerator_config } = launched(recipe, strategy).training_args;
    expect(accelerator_config).toEqual(
      expected ? { gradient_accumulation_kwargs: { sync_each_batch: true } } : undefined,
    );
  });
});

describe('several accelerators', () => {
  it('hold a copy each where it fits, else a share', () => {
    expect(candidateOn('a100x4', { modes: ['lora'], work: work({ facts: QWEN3_8B }) })?.strategy).toBe('ddp');
    expect(candidateOn('a100x4', { modes: ['full'], work: work({ facts: QWEN3_8B }) })?.strategy).toBe('fsdp2');
    expect(candidateOn('h200x4', { modes: ['full'], work: work({ facts: QWEN3_06B }) })?.strategy).toBe('ddp');
    expect(candidateOn('a10g-largex4', { modes: ['lora'], work: work({ facts: LLAMA_70B }) })).toBeNull();
  });

  it.each(['l4x4', 'a10g-largex2', 'a10g-largex4', 'l40sx8', 'a100x4', 'h200x8'])(
    '%s: the batch of a step is that of one',
    (name) => {
      const request = { model: 'm', dataset: 'd', set: { packing: false } };
      for (const facts of [QWEN3_06B, QWEN3_8B]) {
        const several = candidateOn(name, { work: work({ facts, rows: 9500, request }) });
        expect(batchOf(several)).toBe(16);
        const one = candidateOn('h200', { work: work({ facts, rows: 9500, request }) });
        expect(several?.recipe.total_steps).toBe(one?.recipe.total_steps);
      }
    },
  );

  it('pack rows only where a step has a packed sequence for each', () => {
    const short = { total: 950_000, mean: 100, p50: 90, p95: 200, max: 250, estimated: false };
    const job = { work: work({ facts: QWEN3_8B, rows: 9500, tokens: short }), modes: ['lora' as const] };
    expect(candidateOn('a100-large', job)?.recipe.training_args.packing).toBe(true);
    expect(candidateOn('a100x8', job)?.recipe.training_args.packing).toBe(false);
  });

  it('answer whole groups of prompts together', () => {
    const several = candidateOn('a100x8', {
      work: work({ method: 'grpo', facts: QWEN3_06B, rows: 9500 }),
      modes: ['lora'],
    });
    expect(several?.strategy).toBe('ddp');
    expect(batchOf(several) % 8).toBe(0);
    expect(several?.recipe.training_args.per_device_train_batch_size).toBeLessThanOrEqual(4);
  });

  it('take less time than one, and never so little as if they sent nothing', () => {
    const job = { work: work({ facts: QWEN3_8B, rows: 50_000 }), modes: ['lora' as const] };
    const training = (name: string): number => candidateOn(name, job)?.time.parts.training ?? 0;
    for (const [one, several, count] of [
      ['a100-large', 'a100x4', 4],
      ['h200', 'h200x8', 8],
      ['l4x1', 'l4x4', 4],
    ] as const) {
      expect(training(several)).toBeLessThan(training(one) / 1.5);
      expect(training(several)).toBeGreaterThan(training(one) / count / 1.05);
    }
  });

  it('are slowed down by the links between them, which sharding uses most', () => {
    const job = { work: work({ facts: LLAMA_70B, rows: 5000 }), modes: ['lora' as const] };
    const [nvlink, pcie] = [candidateOn('a100x8', job), candidateOn('rtx-pro-6000x8', job)];
    expect(nvlink?.strategy).toBe('fsdp2');
    expect(pcie?.time.parts.training).toBeGreaterThan(1.5 * (nvlink?.time.parts.training ?? Number.POSITIVE_INFINITY));
  });

  it('have wider ranges than one, the more so the longer they wait for each other', () => {
    const job = { work: work({ facts: QWEN3_8B, rows: 50_000 }), modes: ['lora' as const] };
    const width = (found: Candidate | null): number => (found ? found.time.range[1] / found.time.seconds : 0);
    expect(width(candidateOn('a100x4', job))).toBeGreaterThan(width(candidateOn('a100-large', job)));
    const large = { work: work({ facts: LLAMA_70B, rows: 50_000 }), modes: ['lora' as const] };
    expect(width(candidateOn('l40sx8', large))).toBeGreaterThan(1.1 * width(candidateOn('l40sx8', job)));
  });

  it('need RAM for a copy each, and under FSDP2 for one', () => {
    const facts = QWEN3_8B;
    const poor = { ...flavorNamed('a100x4'), ram_gib: 60 };
    const tried = (modes: SearchInput['modes']) =>
      candidateFor(searchInput({ work: work({ facts }), modes }), poor, targetOf(poor))?.strategy;
    // Four copies of 15 GiB pass it; one does not.
    expect(tried(['lora'])).toBe('fsdp2');
  });
});

describe('the search with several accelerators', () => {
  it('finds a place for 70 billion parameters', () => {
    const found = search(searchInput({ work: work({ facts: LLAMA_70B }), modes: ['lora'] }), SNAPSHOT.flavors);
    expect(found.length).toBeGreaterThan(3);
    expect(found.every(({ strategy, flavor: { accelerators } }) => strategy === 'fsdp2' && accelerators > 1)).toBe(
      true,
    );
    for (const { gpu_memory_gib, flavor } of found) expect(gpu_memory_gib).toBeLessThan(flavor.gpu_memory_gib ?? 0);
  });

  it('finds none for all of their weights, which take 1.1 TB without anything else', () => {
    expect(search(searchInput({ work: work({ facts: LLAMA_70B }), modes: ['full'] }), SNAPSHOT.flavors)).toEqual([]);
  });

  it.each(['dpo', 'kto'] as const)('trains all of 8 billion by %s, beside a reference', (method) => {
    const found = search(searchInput({ work: work({ method, facts: QWEN3_8B }), modes: ['full'] }), SNAPSHOT.flavors);
    expect(found.length).toBeGreaterThan(2);
    expect(found.every(({ strategy }) => strategy === 'fsdp2')).toBe(true);
  });

  it('trains all weights of 8 billion on several, where one has no room', () => {
    const found = search(searchInput({ work: work({ facts: QWEN3_8B }), modes: ['full'] }), SNAPSHOT.flavors);
    expect(found.length).toBeGreaterThan(2);
    expect(found.every(({ strategy }) => strategy === 'fsdp2')).toBe(true);
  });
});

const candidate = (name: string, usd: number, seconds: number, accelerators = 1, mode: Recipe['mode'] = 'lora') =>
  ({ flavor: { name, accelerators }, usd, seconds, recipe: { mode } }) as Candidate;

describe('several are chosen', () => {
  const one = candidate('one', 10, 4 * 3600);
  const day = candidate('day', 30, 12 * 3600);
  it.each<[string, Candidate[], string]>([
    ['not where one does', [candidate('four', 10.5, 3600, 4), one], 'one'],
    ['where none alone is enough', [candidate('four', 10.5, 3600, 4), candidate('eight', 20, 1800, 8)], 'four'],
    [
      'where one takes longer than a day of work, and they cost hardly more',
      [day, candidate('four', 33, 3 * 3600, 4)],
      'four',
    ],
    ['not for much more', [day, candidate('four', 40, 3 * 3600, 4)], 'day'],
    [
      'an adapter on several is no match for all weights on one',
      [candidate('full', 30, 12 * 3600, 1, 'full'), candidate('four', 33, 3 * 3600, 4)],
      'full',
    ],
    ['before 4 bits', [candidate('bits', 5, 3600, 1, 'qlora'), candidate('four', 20, 3600, 4)], 'four'],
    [
      '4 bits on one before several',
      [candidate('two', 4, 600, 2, 'qlora'), candidate('bits', 5, 3600, 1, 'qlora')],
      'bits',
    ],
    [
      'the faster one where the cheapest takes longer than a day of work',
      [candidate('slow', 18, 46 * 3600), candidate('fast', 26, 12 * 3600)],
      'fast',
    ],
    ['not for half more within a day', [one, candidate('fast', 14, 3600)], 'one'],
    ['not for twice the price', [candidate('slow', 18, 46 * 3600), candidate('fast', 36, 6 * 3600)], 'slow'],
    ['all weights for half more than an adapter', [one, candidate('all', 15, 4 * 3600, 1, 'full')], 'all'],
    ['an adapter where they cost more', [one, candidate('all', 15.1, 4 * 3600, 1, 'full')], 'one'],
  ])('%s', (_, candidates, name) =>
    expect(choose([...candidates].sort((a, b) => a.usd - b.usd))?.flavor.name).toBe(name),
  );
});
