import { describe, expect, it } from 'vitest';
import { publishedSharded, readSharded, type ShardedRow, shardedError } from '../../../bench/memory/sharded.ts';
import { summary } from '../../../bench/memory/statistics.ts';
import type { Processes } from '../../../scripts/planner/memory/sharding.ts';
import { loraParameters } from '../../../scripts/planner/memory/states.ts';
import { type MemoryInput, totalGib, trainingMemory } from '../../../scripts/planner/memory.ts';
import { diskGib, ramGib } from '../../../scripts/planner/search/ram-and-disk.ts';
import { LLAMA_70B, QWEN3_8B, QWEN3_06B } from '../support.ts';

const GIB = 2 ** 30;
const full: MemoryInput = {
  facts: QWEN3_8B,
  mode: 'full',
  weight_bytes: 4,
  lora_rank: 32,
  per_device_train_batch_size: 2,
  max_length: 1024,
};
const lora: MemoryInput = { ...full, mode: 'lora', weight_bytes: 2 };
const fsdp2 = (count: number): Processes => ({ count, sharded: true, sync_each_batch: true });
const ddp = (count: number): Processes => ({ count, sharded: false });
const parts = (input: MemoryInput, processes?: Processes) =>
  trainingMemory(processes ? { ...input, processes } : input);
const gib = (input: MemoryInput, processes?: Processes): number => totalGib(parts(input, processes));

const isFull = ({ mode }: ShardedRow): boolean => mode === 'full';
const isLora = ({ mode }: ShardedRow): boolean => mode === 'lora';

describe('the recorded steps under FSDP2', () => {
  const rows = readSharded();
  it('are of several families, counts of processes, with all weights and with adapters', () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(new Set(rows.map(({ family }) => family)).size).toBeGreaterThan(10);
    expect(new Set(rows.map(({ processes }) => processes))).toEqual(new Set([2, 4, 8]));
    expect(new Set(rows.map(({ mode }) => mode))).toEqual(new Set(['full', 'lora']));
  });

  it.each([
    ['alone', () => true, false, 0.01, 0.035, 0.06],
    ['beside a reference, for which the embeddings are gathered once more', isLora, true, 0.02, 0.055, 0.08],
    ['beside a copy, of which all is gathered', isFull, true, 0.01, 0.012, 0.02],
  ] as const)('%s are met, though nothing was fitted to them', (_, mode, reference, middle, most, above) => {
    const own = rows.filter((row) => row.reference === reference && mode(row));
    expect(own.length).toBeGreaterThan(20);
    const { median, p90, lowest, highest } = summary(own.map(shardedError));
    expect(median).toBeLessThan(middle);
    expect(p90).toBeLessThan(most);
    expect(lowest).toBeGreaterThan(-0.055);
    expect(highest).toBeLessThan(above);
  });
});

describe('published runs on several GPUs', () => {
  const runs = publishedSharded().filter(({ row }) => row.method === 'sft');
  const exact = runs.filter(({ row }) => row.seq_note.startsWith('packed'));
  it.each(exact.map(({ row, error }) => [row.id, row.parallel, error] as const))('%s, %s', (_, __, error) => {
    expect(Math.abs(error)).toBeLessThan(0.15);
  });

  it('are of both ways to shard', () => {
    expect(exact.length).toBeGreaterThan(5);
    expect(new Set(exact.map(({ row }) => row.parallel))).toEqual(new Set(['fsdp2', 'zero3']));
  });
});

describe('what a process keeps under FSDP2', () => {
  it.each([2, 4, 8])('of %i: its share of weights, gradients and optimizer in fp32', (count) => {
    const { weights, optimizer, gradients } = parts(full, fsdp2(count));
    expect(weights * GIB).toBeCloseTo((4 * QWEN3_8B.parameters) / count, -3);
    expect(optimizer * GIB).toBeCloseTo((8 * QWEN3_8B.parameters) / count, -3);
    expect(gradients * GIB).toBeGreaterThanOrEqual((4 * QWEN3_8B.parameters) / count);
  });

  it('trained weights that were loaded in 16 bits are widened', () => {
    expect(parts({ ...full, weight_bytes: 2 }, fsdp2(4)).weights).toBeCloseTo(parts(full, fsdp2(4)).weights, 6);
  });

  it('of a frozen base its share in 16 bits, and of adapters theirs', () => {
    const { weights, adapters, optimizer } = parts(lora, fsdp2(4));
    expect(weights * GIB).toBeCloseTo((2 * QWEN3_8B.parameters) / 4, -3);
    expect((adapters + optimizer) * GIB).toBeCloseTo((12 * loraParameters(QWEN3_8B, 32)) / 4, -3);
  });

  it.each([
    ['all weights', full],
    ['LoRA', lora],
    ['70 B with LoRA', { ...lora, facts: LLAMA_70B }],
    ['0.6 B', { ...full, facts: QWEN3_06B }],
  ])('less the more they are: %s', (_, input) => {
    const sizes = [1, 2, 3, 4, 8, 16].map((count) => gib(input, fsdp2(count)));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(sizes).size).toBe(sizes.length);
  });

  it('never less than what is gathered for the part at work', () => {
    const gathered = parts(lora, fsdp2(64)).communication ?? 0;
    // The embeddings, as a buffer and copied out of it.
    expect(gathered * GIB).toBeGreaterThanOrEqual(4 * QWEN3_8B.vocab_size * QWEN3_8B.hidden_size);
  });

  it('its share of a reference as it was loaded, and all of it gathered in 16 bits, as a buffer and copied out', () => {
    const [alone, beside] = [false, true].map((reference) => parts({ ...full, weight_bytes: 2, reference }, fsdp2(8)));
    if (!alone || !beside) throw new Error('two were asked for');
    expect((beside.weights - alone.weights) * GIB).toBeCloseTo((2 * QWEN3_8B.parameters) / 8, -3);
    expect((beside.communication ?? 0) * GIB).toBeGreaterThan(4 * QWEN3_8B.parameters);
  });

  it('whole gradients, where they are not scattered after every batch', () => {
    const piled = parts(full, { count: 8, sharded: true });
    const scattered = parts(full, fsdp2(8));
    expect((piled.gradients - scattered.gradients) * GIB).toBeGreaterThan(1.2 * QWEN3_8B.parameters);
  });

  it('more with longer and larger batches, and without checkpointing', () => {
    const base = gib(full, fsdp2(8));
    expect(gib({ ...full, max_length: 8192 }, fsdp2(8))).toBeGreaterThan(base);
    expect(gib({ ...full, gradient_checkpointing: false }, fsdp2(8))).toBeGreaterThan(base);
  });
});

describe('a whole copy each', () => {
  it('needs no less than one process alone: its gradients again, in the buckets that are sent', () => {
    for (const input of [full, lora, { ...lora, mode: 'qlora' as const }]) {
      const { communication } = parts(input, ddp(4));
      const trained = input.mode === 'full' ? QWEN3_8B.parameters : loraParameters(QWEN3_8B, 32);
      expect((communication ?? 0) * GIB).toBeCloseTo(trained * (input.mode === 'qlora' ? 2 : 4), -3);
      expect(gib(input, ddp(4)) - gib(input)).toBeGreaterThan(communication ?? 0);
      // However many there are.
      expect(gib(input, ddp(8))).toBe(gib(input, ddp(4)));
    }
  });

  it('one process has nothing to send', () => {
    expect(parts(full).communication).toBeUndefined();
    expect(gib(full, ddp(1))).toBe(gib(full));
  });
});

it('disk holds the weights of a checkpoint twice under FSDP2', () => {
  const disk = (sharded: boolean): number =>
    diskGib(QWEN3_8B, QWEN3_8B.parameters, { checkpoints: 2, sharded, vllm: false });
  const more = disk(true) - disk(false);
  expect(more).toBeCloseTo((2 * 4 * QWEN3_8B.parameters) / GIB);
});

describe('RAM', () => {
  const weights = (2 * QWEN3_8B.parameters) / GIB;
  const largest = (2 * QWEN3_8B.vocab_size * QWEN3_8B.hidden_size) / GIB;
  const ram = (mode: 'full' | 'lora' | 'qlora', processes?: Processes, facts = QWEN3_8B): number =>
    ramGib(facts, { mode, weight_bytes: 2, trained: loraParameters(facts, 32), ...(processes ? { processes } : {}) });

  it.each([
    ['lora', undefined, largest + 4],
    ['qlora', undefined, largest + 4],
    ['qlora', ddp(4), 4 * largest + 16],
    ['lora', ddp(4), 4 * weights + 16],
    ['full', undefined, weights + 4],
    ['lora', fsdp2(4), weights + 16],
  ] as const)('of %s, %j holds what passes through it', (mode, processes, gib) =>
    expect(ram(mode, processes)).toBeCloseTo(gib),
  );

  it('holds the weights where an adapter is merged into them', () => {
    const adapter = { id: 'some/adapter', source: 'hub' as const, revision: null };
    expect(ram('qlora', undefined, { ...QWEN3_8B, adapter })).toBeCloseTo(weights + 4);
  });

  it('holds fp32 weights that every process reads under FSDP2', () => {
    const gib = ramGib(QWEN3_8B, { mode: 'full', weight_bytes: 4, trained: 0, processes: fsdp2(4) });
    expect(gib).toBeCloseTo(4 * 2 * weights + 16);
  });

  it('holds a reference besides under FSDP2', () => {
    const ram = (mode: 'full' | 'lora', processes: Processes, reference: boolean): number =>
      ramGib(QWEN3_8B, { mode, weight_bytes: 4, trained: 0, processes, reference });
    expect(ram('full', fsdp2(4), true)).toBeCloseTo(2 * 4 * 2 * weights + 16);
    expect(ram('full', ddp(4), true)).toBe(ram('full', ddp(4), false)); // each is on its GPU before the next is read
    expect(ram('lora', fsdp2(4), true)).toBe(ram('lora', fsdp2(4), false));
  });

  it("holds Adam's moments while a checkpoint is written under FSDP2", () => {
    const trained = QWEN3_8B.parameters;
    const gib = ramGib(QWEN3_8B, { mode: 'full', weight_bytes: 4, trained, processes: fsdp2(2) });
    expect(gib).toBeCloseTo((8 * trained) / GIB + 8);
  });
});
