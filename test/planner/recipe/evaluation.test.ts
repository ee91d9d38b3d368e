import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../scripts/plan/json.ts';
import type { Planned } from '../../../scripts/plan/methods.ts';
import { totalGib, trainingMemory } from '../../../scripts/planner/memory.ts';
import { candidateOn, QWEN3_8B, work } from '../support.ts';

const on = (name: string, method: Planned, set: Record<string, JsonValue>, eval_rows = 400) => {
  const request = { model: 'm', dataset: 'd', set: { per_device_train_batch_size: 4, ...set } };
  return candidateOn(name, {
    work: work({ method, rows: 4000, eval_rows, request }),
    modes: ['lora'],
    max_length: 2048,
  });
};
const METHODS: Planned[] = ['sft', 'dpo', 'kto', 'reward'];
const RECOMPUTING = { activation_checkpointing: true };
const WIDE = { per_device_eval_batch_size: 200 };

describe('the batch of an evaluation', () => {
  it.each(METHODS)('takes no more than training where it is no larger: %s', (method) => {
    const on100 = (eval_rows: number) => on('a100-large', method, RECOMPUTING, eval_rows)?.gpu_memory_gib;
    expect(on100(400)).toBe(on100(0));
  });

  it.each(METHODS)('is counted where it is larger, and fits no card that is too small: %s', (method) => {
    expect(on('a10g-small', method, {})).not.toBeNull();
    expect(on('a10g-small', method, WIDE)).toBeNull();
    const [usual, wide] = [on('h200', method, RECOMPUTING), on('h200', method, { ...RECOMPUTING, ...WIDE })];
    expect(wide?.gpu_memory_gib).toBeGreaterThan(5 + (usual?.gpu_memory_gib ?? 99));
  });

  it('is no larger than the rows held out', () =>
    expect(on('a10g-small', 'sft', WIDE, 4)?.gpu_memory_gib).toBe(on('a10g-small', 'sft', {}, 4)?.gpu_memory_gib));

  it('is counted where its prompts are answered', () =>
    expect(on('h200', 'grpo', { per_device_eval_batch_size: 400, use_vllm: false })?.gpu_memory_gib).toBeGreaterThan(
      1 + (on('h200', 'grpo', { use_vllm: false })?.gpu_memory_gib ?? 99),
    ));

  it('is counted where several share the model', () => {
    const step = {
      facts: QWEN3_8B,
      mode: 'full',
      weight_bytes: 4,
      lora_rank: 0,
      per_device_train_batch_size: 1,
    } as const;
    const shared = { ...step, max_length: 1024, processes: { count: 4, sharded: true } };
    const evaluated = (sequences: number) => ({ evaluated: { sequences, max_length: 1024, padded: true } });
    const gib = totalGib(trainingMemory(shared));
    expect(totalGib(trainingMemory({ ...shared, ...evaluated(1) }))).toBe(gib);
    expect(totalGib(trainingMemory({ ...shared, ...evaluated(400) }))).toBeGreaterThan(10 + gib);
  });
});
