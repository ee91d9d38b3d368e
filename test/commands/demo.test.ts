import { describe, expect, it } from 'vitest';
import { demoOf } from '../../scripts/commands/demo.ts';
import { plannedOn } from '../../scripts/commands/hardware.ts';
import { workload } from '../../scripts/commands/workload.ts';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import type { Demo } from '../../scripts/output/demo-line.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { chooseMaxLength } from '../../scripts/planner/recipe/lengths.ts';
import type { Mode } from '../../scripts/planner/recipe.ts';
import { cents } from '../../scripts/planner/rounding.ts';
import { choose } from '../../scripts/planner/search/choose.ts';
import { search } from '../../scripts/planner/search.ts';
import type { Workload } from '../../scripts/planner/workload.ts';
import { flavorNamed, LLAMA_70B, QWEN3_8B, searchInput, work } from '../planner/support.ts';

interface Given {
  facts?: Workload['facts'];
  method?: Workload['method'];
  rows: number;
  modes?: Mode[];
  epochs?: number;
  request?: Partial<Request>;
  /** Where the run goes, if it isn't chosen. */
  on?: string;
}

/** The run that is chosen of the snapshot's flavors, and its demo. */
function planned({
  facts = QWEN3_8B,
  method = 'sft',
  rows,
  modes = ['lora', 'qlora'],
  epochs = 1,
  request,
  on,
}: Given) {
  const all: Workload = work({ facts, method, rows, request: { model: 'm', dataset: 'd', ...request } });
  const input = searchInput({ work: all, modes, epochs, max_length: chooseMaxLength(all).length });
  const fitting = search(input, SNAPSHOT.flavors);
  const chosen = on === undefined ? choose(fitting) : fitting.find(({ flavor }) => flavor.name === on);
  if (!chosen) throw new Error('nothing fits');
  const { tokens } = all;
  const dataset = { rows_total: rows + 50, rows_seen: rows + 50, tokens } as DatasetReport;
  return { chosen, demo: demoOf(input, { chosen, fitting }, dataset), input, dataset };
}

describe('a demo', () => {
  it.each<[string, Given]>([
    ['a 70B model', { facts: LLAMA_70B, rows: 2000, epochs: 3 }],
    ['all weights', { rows: 10_000, modes: ['full'] }],
    ['many rows', { rows: 50_000 }],
    ['answers', { rows: 600, method: 'grpo', epochs: 3 }],
  ])('of %s is recommended where it costs clearly less than the dollars of the run', (_, given) => {
    const { chosen, demo } = planned(given);
    expect(chosen.usd).toBeGreaterThan(3);
    expect(demo).toMatchObject({ examples: 100, usd: expect.any(Number) });
    if (!demo || 'none' in demo) throw new Error('no demo');
    expect(demo.usd).toBeLessThan(0.67 * chosen.usd);
  });

  /** What the command of a demo plans. */
  const made = (demo: Demo, { input, chosen, dataset }: ReturnType<typeof planned>) => {
    const { facts, report, request, method } = input.work;
    const few = workload(facts, dataset, report, { ...request, examples: demo.examples, epochs: 1 }, method);
    const flavor = flavorNamed(demo.flavor ?? chosen.flavor.name);
    const modes: Mode[] = [chosen.recipe.mode];
    return plannedOn(
      flavor,
      { ...input, modes, epochs: 1, max_length: chooseMaxLength(few).length, work: few },
      undefined,
    );
  };
  it.each<[string, Given, string | undefined]>([
    ['where the whole run goes', { facts: LLAMA_70B, rows: 2000, epochs: 3 }, undefined],
    ['elsewhere where that saves little', { facts: LLAMA_70B, rows: 2000, on: 'h200x8' }, 'rtx-pro-6000x2'],
  ])('goes %s, at the price of the plan that its command makes', (_, given, elsewhere) => {
    const run = planned(given);
    const { demo, chosen } = run;
    if (!demo || 'none' in demo) throw new Error(`no demo: ${demo?.none}`);
    expect(demo.flavor).toBe(elsewhere);
    const there = made(demo, run);
    expect(demo).toMatchObject({ usd: cents(there?.usd ?? 0), seconds: Math.round(there?.seconds ?? 0) });
    expect(there?.recipe).toMatchObject({ mode: chosen.recipe.mode, precision: chosen.recipe.precision });
    if (!elsewhere) expect(there?.gpu_memory_gib).toBeCloseTo(chosen.gpu_memory_gib, 1);
  });

  it('stays where the run was asked to go', () => {
    const { demo } = planned({ rows: 50_000, request: { flavor: 'h200' }, on: 'h200' });
    expect(demo).toMatchObject({ examples: 100 });
    expect(demo).not.toHaveProperty('flavor');
  });

  it('trains what the whole run does, where there is room for more', () => {
    // All weights would fit, and are not chosen.
    const modes: Mode[] = ['lora'];
    const { demo, chosen, input } = planned({ rows: 50_000, modes });
    const fitting = search(input, SNAPSHOT.flavors);
    const dataset = { rows_total: 50_050, rows_seen: 50_050, tokens: input.work.tokens } as DatasetReport;
    const wide = { ...input, modes: ['full' as const, 'lora' as const] };
    const asked = { ...wide, work: { ...input.work, request: { ...input.work.request, flavor: 'h200x4' } } };
    const there = fitting.find(({ flavor }) => flavor.name === 'h200x4');
    if (!there) throw new Error('h200x4 is gone');
    expect(demo).not.toHaveProperty('lora');
    expect(chosen.recipe.mode).toBe('lora');
    expect(demoOf(asked, { chosen: there, fitting }, dataset)).toMatchObject({ lora: 'on' });
  });

  it.each<[string, Given, RegExp]>([
    [
      'saves little',
      { rows: 5000, method: 'dpo', modes: ['full'] },
      /^100 examples would cost \$\d+\.\d\d of the \$\d+\.\d\d, most of it to load the model and to save it$/,
    ],
    ['has all the data', { rows: 100, facts: LLAMA_70B, epochs: 100 }, /^100 examples would be all of the data/],
    [
      'can not be made',
      { rows: 50_000, request: { set: { eval_on_start: true } } },
      /^100 examples are too few here: --set eval_on_start=true: it evaluates/,
    ],
    [
      'has no flavor within the budget',
      { rows: 50_000, request: { maxCost: 0.01 } },
      /^100 examples could bill more than --max-cost, too$/,
    ],
  ])('that %s is none, with the reason', (_, given, none) =>
    expect(planned(given).demo).toEqual({ none: expect.stringMatching(none) }),
  );

  it('is no matter where the run costs little, or is one itself', () => {
    expect(planned({ rows: 500 }).demo).toBeNull();
    expect(planned({ rows: 50_000, request: { examples: 50_000 } }).demo).toBeNull();
  });
});
