import { describe, expect, it } from 'vitest';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { acceleratorOf } from '../../scripts/planner/hardware/accelerator.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { runTime } from '../../scripts/planner/search/run-time.ts';
import { decodingSeconds } from '../../scripts/planner/time/generation.ts';
import {
  accelerated,
  cpu,
  forwardSeconds,
  type MicroBatch,
  microBatchSeconds,
} from '../../scripts/planner/time/step.ts';
import { stoppingSeconds, timeoutFor } from '../../scripts/planner/time.ts';
import type { Workload } from '../../scripts/planner/workload.ts';
import margins from '../support/deadline-margins.json' with { type: 'json' };
import { flavorNamed, QWEN3_8B, QWEN3_06B, work } from './support.ts';

const processorOf = (name: string) => {
  const accelerator = acceleratorOf(flavorNamed(name));
  if (!accelerator) throw new Error(name);
  return accelerated(accelerator);
};
const A100 = processorOf('a100-large');

const batch = (overrides: Partial<MicroBatch> = {}): MicroBatch => ({
  shape: QWEN3_8B,
  mode: 'lora',
  weight_bytes: 2,
  sequences: 1,
  tokens: 2048,
  checkpointing: true,
  extra_forwards: 0,
  adapted: 1,
  ...overrides,
});
const seconds = (overrides: Partial<MicroBatch> = {}, on = A100) => microBatchSeconds(batch(overrides), on);

describe('a step', () => {
  it.each<[string, number, number, number]>([
    ['twice the sequences take twice as long', seconds({ sequences: 2 }) / seconds(), 1.99, 2.01],
    ['twice the length takes more than twice', seconds({ tokens: 16_384 }) / seconds({ tokens: 8192 }), 2.2, 3],
    ['short batches take as long as their launches', seconds({ tokens: 16 }) / seconds({ tokens: 64 }), 1, 1],
    ['no checkpointing saves a forward pass', seconds({ checkpointing: false }) / seconds(), 0.6, 0.8],
    ['a reference model adds one', seconds({ extra_forwards: 1 }) / seconds(), 1.2, 1.4],
    [
      'all weights take longer than an adapter alone does in arithmetic',
      seconds({ mode: 'full' }) / seconds(),
      0.9,
      1.3,
    ],
    ['4-bit weights are unpacked first', seconds({ mode: 'qlora', tokens: 256 }) / seconds({ tokens: 256 }), 1.5, 4],
    ['a T4 takes many times as long', seconds({}, processorOf('t4-small')) / seconds(), 7, 14],
    [
      'fp32 weights are cast in each pass',
      seconds({ mode: 'full', weight_bytes: 4 }) / seconds({ mode: 'full' }),
      1.05,
      1.5,
    ],
  ])('%s', (_, ratio, least, most) => {
    expect(ratio).toBeGreaterThanOrEqual(least);
    expect(ratio).toBeLessThanOrEqual(most);
  });

  it('is evaluated in less than a third of the time', () => {
    expect(forwardSeconds(batch(), A100)).toBeLessThan(seconds() / 3);
  });

  it('counts the experts that a token passes, not all', () => {
    const experts = { count: 128, per_token: 8, intermediate_size: 768, adapted: false };
    const moe = {
      ...QWEN3_8B,
      parameters: 30e9,
      hidden_size: 2048,
      layers: 48,
      layout: { ...QWEN3_8B.layout, experts },
    };
    expect(seconds({ shape: moe, tokens: 8192 })).toBeLessThan(
      seconds({ shape: { ...moe, layout: { ...moe.layout, experts: null } }, tokens: 8192 }),
    );
  });

  it('never takes less than a tiny model does on a CPU', () => {
    const tiny = {
      ...QWEN3_06B,
      parameters: 900_000,
      hidden_size: 128,
      layers: 4,
      vocab_size: 1000,
      intermediate_size: 256,
      query_size: 128,
      key_value_size: 64,
    };
    expect(seconds({ shape: tiny, mode: 'full', weight_bytes: 4, tokens: 64 }, cpu(2))).toBeGreaterThan(0.1);
    expect(seconds({ shape: tiny, mode: 'full', weight_bytes: 4, tokens: 64 }, A100)).toBeGreaterThan(0.015);
  });
});

describe('a token that is generated', () => {
  const decoding = (sequences: number, shape = QWEN3_8B, on = A100) =>
    decodingSeconds({ shape, mode: 'full', weight_bytes: 2, sequences, context: 500 }, on);
  it.each<[string, number, number, number]>([
    ['28 layers take 28 ms', decoding(1, QWEN3_06B), 0.027, 0.029],
    ['more answers cost nothing while launching rules', decoding(8) / decoding(1), 1, 1],
    ['very many do', decoding(2048) / decoding(1), 1.5, 20],
    ['slow memory reads the weights for longer', decoding(1, QWEN3_8B, processorOf('l4x1')), 0.05, 0.07],
  ])('%s', (_, value, least, most) => {
    expect(value).toBeGreaterThanOrEqual(least);
    expect(value).toBeLessThanOrEqual(most);
  });
});

describe('a whole run', () => {
  const run = (
    overrides: Partial<Workload> = {},
    options: {
      mode?: 'full' | 'lora';
      backend?: 'hf' | 'local';
      flavor?: string;
      set?: Request['set'];
      batch?: number;
    } = {},
  ) => {
    const request = { model: 'm', dataset: 'd', ...(options.set ? { set: options.set } : {}) };
    const workload = work({ request, ...overrides });
    const recipe = buildRecipe(workload, {
      mode: options.mode ?? 'full',
      target: { kind: 'cuda', bf16: true },
      batch: options.batch ?? 8,
      max_length: 1024,
      epochs: 1,
    });
    const flavor = flavorNamed(options.flavor ?? 'a100-large');
    return runTime({ work: workload, recipe, flavor, backend: options.backend ?? 'hf', max_length: 1024 });
  };

  it('is the sum of its parts, which all count', () => {
    const { parts, seconds: total, range } = run();
    expect(Object.values(parts).reduce((sum, one) => sum + one, 0)).toBeCloseTo(total, 6);
    for (const part of ['setup', 'training', 'evaluation', 'checkpoints', 'saving'] as const)
      expect(parts[part]).toBeGreaterThan(0);
    expect(parts.generation).toBe(0);
    expect(range[0]).toBeLessThan(total);
    expect(range[1]).toBeGreaterThan(total);
  });

  it.each<[string, (keyof ReturnType<typeof run>['parts'])[], ReturnType<typeof run>]>([
    ['no rows held out: no evaluation', ['evaluation'], run({ eval_rows: 0 })],
    ['save_strategy no: no checkpoints', ['checkpoints'], run({}, { set: { save_strategy: 'no' } })],
  ])('%s', (_, none, { parts }) => {
    for (const part of none) expect(parts[part]).toBe(0);
  });

  it('needs no installation and no upload on this machine', () => {
    const [here, there] = [run({}, { backend: 'local' }), run()];
    expect(here.parts.setup).toBeLessThan(there.parts.setup / 3);
    expect(here.parts.saving).toBeLessThan(there.parts.saving / 3);
  });

  it.each<[string, number, Planned, 'full' | 'lora', Request['set']]>([
    ['of DPO', 1, 'dpo', 'full', {}],
    ['of KTO', 1, 'kto', 'full', {}],
    ['of GRPO with beta', 1, 'grpo', 'full', { beta: 0.1 }],
    ['of RLOO', 1, 'rloo', 'full', {}],
    ['of none: GRPO', 0, 'grpo', 'full', {}],
    ['of none: a reward model', 0, 'reward', 'full', {}],
    ['the same model without its adapter: DPO', 0, 'dpo', 'lora', {}],
  ])('reads a second model, the reference %s', (_, copies, method, mode, set) => {
    const setup = (facts: ModelFacts) => run({ facts, method }, { mode, set }).parts.setup;
    // Downloaded once at 80 MB a second, read at 400.
    const bytes = 2 * (QWEN3_8B.parameters - QWEN3_06B.parameters);
    expect(setup(QWEN3_8B) - setup(QWEN3_06B)).toBeCloseTo(bytes / 80e6 + ((1 + copies) * bytes) / 400e6);
  });

  it('merges an adapter before it trains, and a new one of it before it saves', () => {
    const adapter = { source: 'hub', id: 'x/y', revision: 'a'.repeat(40) } as const;
    const parts = (mode: 'full' | 'lora', facts: ModelFacts) => run({ facts }, { mode }).parts;
    const added = (mode: 'full' | 'lora', part: 'setup' | 'saving') =>
      parts(mode, { ...QWEN3_8B, adapter })[part] - parts(mode, QWEN3_8B)[part];
    const byte = QWEN3_8B.parameters / 400e6;
    // The base is read in 2 bytes a weight, what is merged written and read in those of the training.
    expect(added('full', 'setup')).toBeCloseTo((2 + 4 + 4 - 2) * byte);
    expect(added('lora', 'setup')).toBeCloseTo((2 + 2 + 2 - 2) * byte);
    expect(added('full', 'saving')).toBeCloseTo(0);
    // All of it in place of the adapter.
    const whole = (2 + 2) * byte + (2 * QWEN3_8B.parameters) / 80e6;
    expect(added('lora', 'saving') / whole).toBeGreaterThan(0.95);
    expect(added('lora', 'saving')).toBeLessThan(whole);
  });

  it('saves an adapter sooner than a model', () => {
    const big = { facts: QWEN3_8B };
    expect(run(big, { mode: 'lora' }).parts.saving).toBeLessThan(run(big).parts.saving / 10);
  });

  it('does not wait long for the last checkpoint of a model that is done, but keeps time for one where it must stop', () => {
    const { parts, stopping } = run({ facts: QWEN3_8B });
    expect(stopping).toBeGreaterThan(2 * parts.saving);
    expect(run({ facts: QWEN3_8B }, { backend: 'local' }).stopping).toBeLessThan(stopping / 3);
  });

  it('takes as long for twice the rows as for twice the steps', () => {
    const [one, two] = [run({ rows: 2000, eval_rows: 0 }), run({ rows: 4000, eval_rows: 0 })];
    expect(two.parts.training / one.parts.training).toBeCloseTo(2, 1);
  });

  it('goes by tokens, not by rows', () => {
    const long = { total: 4e6, mean: 1000, p50: 1000, p95: 1000, max: 1000, estimated: false };
    const short = { total: 1e6, mean: 250, p50: 250, p95: 250, max: 250, estimated: false };
    const training = (tokens: typeof long) =>
      run({ facts: QWEN3_8B, tokens, rows: 4000 }, { mode: 'lora' }).parts.training;
    const ratio = training(long) / training(short);
    expect(ratio).toBeGreaterThan(3);
    expect(ratio).toBeLessThan(5);
  });

  it.each(margins.cases as [number, number, number][])(
    'of %d s with %d s of saving %d are kept',
    (timeout, saving, kept) => expect(stoppingSeconds(timeout, saving)).toBe(kept),
  );

  it('pads less in small batches', () =>
    expect(run({}, { batch: 1 }).tokens).toBeLessThan(0.7 * run({}, { batch: 8 }).tokens));

  it('tokenizes with several processes in less time, but not in a share of it', () => {
    const setup = (dataset_num_proc: number) => run({ rows: 400_000 }, { set: { dataset_num_proc } }).parts.setup;
    const saved = setup(1) - setup(3);
    const tokenizing = (400_050 * 500) / 130e3;
    expect(saved).toBeCloseTo(tokenizing / 2, -1);
    expect(setup(12)).toBeGreaterThan(setup(1) - tokenizing);
  });

  it('packs rows to whole sequences', () => {
    const packed = run({ rows: 4000 }, { set: { packing: true } });
    expect(packed.tokens / (4000 * 500)).toBeGreaterThan(1);
    expect(packed.tokens / (4000 * 500)).toBeLessThan(1.1);
  });

  it.each<[Planned]>([['grpo'], ['rloo']])('%s spends most of its time on answers', (method) => {
    const { parts } = run({ method, rows: 200 }, { mode: 'lora' });
    expect(parts.generation).toBeGreaterThan(parts.training);
  });

  it('is less certain of counts by characters, of cards without a run, and of experts', () => {
    const spread = ({ range: [low, high] }: ReturnType<typeof run>) => high / low;
    const counted = { ...work().tokens, estimated: false };
    const sure = run({ tokens: counted, rows: 20_000 });
    expect(spread(run({ rows: 20_000 }))).toBeGreaterThan(spread(sure));
    expect(spread(run({ tokens: counted, rows: 20_000 }, { flavor: 'rtx-pro-6000' }))).toBeGreaterThan(spread(sure));
    const experts = { count: 8, per_token: 2, intermediate_size: 3072, adapted: false };
    const facts = { ...QWEN3_06B, layout: { ...QWEN3_06B.layout, experts } };
    expect(spread(run({ tokens: counted, rows: 20_000, facts }))).toBeGreaterThan(spread(sure));
  });
});

describe('the timeout', () => {
  it.each([
    [60, 80, 1200],
    [3600, 5000, 8100],
    [3600, 9000, 9900],
  ])('of an estimate of %i s, at most %i s, is %i s', (estimate, high, timeout) =>
    expect(timeoutFor({ seconds: estimate, range: [estimate / 2, high] })).toBe(timeout),
  );
});
