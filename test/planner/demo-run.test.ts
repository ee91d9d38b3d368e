import { describe, expect, it } from 'vitest';
import { workload } from '../../scripts/commands/workload.ts';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { methodDecisions } from '../../scripts/planner/method-words.ts';
import { chooseMaxLength } from '../../scripts/planner/recipe/lengths.ts';
import { defaultEpochs, type Mode } from '../../scripts/planner/recipe.ts';
import { candidateFor, targetOf } from '../../scripts/planner/search.ts';
import type { Workload } from '../../scripts/planner/workload.ts';
import { flavorNamed, LLAMA_70B, QWEN3_8B, QWEN3_06B, searchInput, work } from './support.ts';

interface Given {
  facts?: Workload['facts'];
  method?: Planned;
  rows?: number;
  mode?: Mode;
  tokens?: Partial<Workload['tokens']>;
}

/** The plan on one flavor, as the command makes it of a request. */
function planned(name: string, given: Given, asked: Partial<Request> = {}) {
  const { facts = QWEN3_8B, method = 'sft', rows = 10_000, mode = 'lora' } = given;
  const tokens = { ...work().tokens, ...given.tokens };
  const dataset = { dataset: 'd', rows_total: rows, rows_seen: rows, tokens } as DatasetReport;
  const request = { model: 'm', dataset: 'd', ...asked };
  const all = workload(facts, dataset, work().report, request, method);
  const { epochs } = defaultEpochs(all.rows, request);
  const input = searchInput({ work: all, modes: [mode], epochs, max_length: chooseMaxLength(all).length });
  const found = candidateFor(input, flavorNamed(name), targetOf(flavorNamed(name)));
  if (!found) throw new Error('it does not fit');
  const decision = methodDecisions(all, found).find(({ what }) => /whole run/.test(what));
  return { ...found, decision };
}

/** What makes memory and speed what they are: all but how many rows there are, and what is done besides. */
function layout({ recipe, strategy }: ReturnType<typeof planned>) {
  const { mode, precision, weights_dtype, lora, attn_implementation, training_args: args } = recipe;
  const rest = Object.entries(args).filter(([name]) => !/^(num_train_|eval_|save_|logging_|dataset_num_)/.test(name));
  return { ...{ mode, precision, weights_dtype, lora, attn_implementation, strategy }, args: Object.fromEntries(rest) };
}

const SHORT = { mean: 200, p50: 180, p95: 400, max: 500, estimated: false };
/** Run by run: what the whole one packs, keeps or has written, a demo that decides for itself does not, or the reverse. */
const RUNS: [string, string, Given][] = [
  ['one that keeps activations', 'h200', {}],
  ['packed rows', 'h200', { rows: 1500, tokens: SHORT }],
  ['few rows of a large model', 'rtx-pro-6000x2', { facts: LLAMA_70B, rows: 2000 }],
  ['several accelerators', 'h200x8', {}],
  ['all weights', 'a100x4', { mode: 'full' }],
  ['many tokens, and so a higher rank', 'h200', { rows: 400_000 }],
  ['answers by vLLM', 'a100-large', { method: 'grpo', rows: 600 }],
  ['a small model', 't4-small', { facts: QWEN3_06B, rows: 50_000, mode: 'full' }],
];

describe('a demo', () => {
  it.each(RUNS)('of %s on %s takes its memory in its layout', (_, name, given) => {
    const whole = planned(name, given);
    const demo = planned(name, given, { examples: 100, epochs: 1 });
    expect(layout(demo)).toEqual(layout(whole));
    expect(demo.gpu_memory_gib).toBeCloseTo(whole.gpu_memory_gib, 1);
    expect(demo.recipe.training_args.eval_strategy).toBe('no');
    expect(demo.recipe.total_steps).toBeLessThan(whole.recipe.total_steps / 5);
    expect(demo.seconds).toBeLessThan(whole.seconds);
    expect(demo.decision).toMatchObject({
      what: 'as the whole run',
      because: expect.stringMatching(
        /^batched, packed and kept in memory like its [\d,]+ rows, which would take .* in [13] epochs? here$/,
      ),
    });
    expect(whole.decision).toBeUndefined();
  });

  it('would decide otherwise by its own rows, in most of these', () => {
    const other = RUNS.filter(([, name, given]) => {
      const few = planned(name, { ...given, rows: 100 });
      return JSON.stringify(layout(few)) !== JSON.stringify(layout(planned(name, given)));
    });
    expect(other.length).toBeGreaterThan(RUNS.length / 2);
  });

  it('takes a second as long a token as the whole run does', () => {
    const perToken = ({ time, tokens }: ReturnType<typeof planned>) => time.parts.training / tokens;
    const [whole, demo] = [planned('h200', {}), planned('h200', {}, { examples: 100 })];
    expect(perToken(demo) / perToken(whole)).toBeCloseTo(1, 1);
  });

  it('of fewer rows than are taken at once says what it does not show', () => {
    const { decision, gpu_memory_gib } = planned('h200x8', {}, { examples: 10 });
    expect(decision?.what).toBe('less than the whole run');
    expect(decision?.because).toMatch(
      /^10 sequences, of 16 that are taken at once: with its [\d,]+ rows it needs more/,
    );
    expect(gpu_memory_gib).toBeCloseTo(planned('h200x8', {}).gpu_memory_gib, 1);
  });

  it('of fewer prompts than a step takes has steps of its own, and says so', () => {
    const { recipe, decision } = planned('a100-large', { method: 'grpo', rows: 4000 }, { examples: 3 });
    const { per_device_train_batch_size: batch, gradient_accumulation_steps: accumulated } = recipe.training_args;
    expect((Number(batch) * Number(accumulated)) / Number(recipe.training_args.num_generations)).toBeLessThanOrEqual(3);
    expect(decision).toMatchObject({ what: 'not as the whole run', because: expect.stringMatching(/more prompts/) });
  });
});
