import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../scripts/plan/json.ts';
import type { ModelFacts } from '../../../scripts/planner/model-facts.ts';
import { savesOf, storedCheckpoints } from '../../../scripts/planner/recipe/checkpoints.ts';
import { buildRecipe } from '../../../scripts/planner/recipe.ts';
import { footprint } from '../../../scripts/planner/search/footprint.ts';
import { diskGib } from '../../../scripts/planner/search/ram-and-disk.ts';
import { flavorNamed, QWEN3_8B, QWEN3_06B, work } from '../support.ts';

const GIB = 2 ** 30;
const run = (training_args: Record<string, JsonValue>) => ({ training_args, total_steps: 100 });

describe('checkpoints on disk at the most', () => {
  it.each<[Record<string, JsonValue>, number, number]>([
    [{ save_steps: 20, save_total_limit: 2 }, 5, 3],
    [{ save_steps: 60, save_total_limit: 2 }, 2, 2],
    [{ save_steps: 200, save_total_limit: 2 }, 1, 1],
    [{ save_steps: 5, save_total_limit: 10 }, 20, 11],
    [{ save_steps: 5, save_total_limit: 0 }, 20, 20],
    [{ save_steps: 5, save_total_limit: null }, 20, 20],
    [{ save_steps: 5 }, 20, 20],
    [{ save_steps: 5, save_total_limit: 1 }, 20, 2],
    [{ save_steps: 5, save_total_limit: 1, load_best_model_at_end: true }, 20, 3],
    [{ save_strategy: 'no', save_steps: 5 }, 0, 0],
  ])('%j: %s are written, %s are there', (args, written, stored) => {
    expect(savesOf(run(args))).toBe(written);
    expect(storedCheckpoints(run(args))).toBe(stored);
  });

  it('are weights and the two moments of each, and vLLM has packages of its own', () => {
    const all = QWEN3_8B.parameters;
    const disk = (checkpoints: number, vllm = false) => diskGib(QWEN3_8B, all, { checkpoints, sharded: false, vllm });
    expect(disk(3) - disk(2)).toBeCloseTo((12 * all) / GIB);
    expect(disk(2, true) - disk(2)).toBeCloseTo(3);
  });

  it('have a merged base beside them where the model is an adapter', () => {
    const adapter = { source: 'hub', id: 'x/y', revision: 'a'.repeat(40) } as const;
    const disk = (facts: ModelFacts) => diskGib(facts, 1e6, { checkpoints: 2, sharded: false, vllm: false });
    expect(disk({ ...QWEN3_8B, adapter }) - disk(QWEN3_8B)).toBeCloseTo((4 * QWEN3_8B.parameters) / GIB);
  });

  it('more than the disk holds fit no machine', () => {
    const fits = (set: Record<string, JsonValue>) => {
      const workload = work({ rows: 50_000, request: { model: 'm', dataset: 'd', set } });
      const choice = {
        mode: 'full',
        target: { kind: 'cuda', bf16: true },
        batch: 4,
        max_length: 512,
        epochs: 1,
      } as const;
      const recipe = buildRecipe(workload, choice);
      const small = { ...flavorNamed('a100-large'), disk_gib: 60 };
      return footprint({ work: workload, recipe, flavor: small, strategy: 'alone', max_length: 512, backend: 'hf' });
    };
    expect(QWEN3_06B.parameters * 12).toBeGreaterThan(6 * GIB);
    expect(fits({ save_steps: 100 })).not.toBeNull();
    expect(fits({ save_steps: 100, save_total_limit: 0 })).toBeNull();
    expect(fits({ save_steps: 100, save_total_limit: 9 })).toBeNull();
  });
});
