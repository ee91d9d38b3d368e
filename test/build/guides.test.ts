import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hardwareGuide, OLDER_ADVICE, withoutBf16 } from '../../build/hardware-guide.ts';
import { COLUMNS, methodGuide } from '../../build/method-guide.ts';
import { render } from '../../build/render.ts';
import { readFlavor } from '../../scripts/jobs/hf/catalogue.ts';
import { PLANNED } from '../../scripts/plan/methods.ts';
import { methodRecipe } from '../../scripts/planner/recipe/method-recipe.ts';
import {
  CLEARLY_FASTER,
  HARDLY_MORE,
  WORKING_DAY,
  WORTH_A_DAY,
  WORTH_ALL_WEIGHTS,
} from '../../scripts/planner/search/choose.ts';
import { LORA_ABOVE_PARAMETERS } from '../../scripts/planner/search/modes.ts';
import { candidateFor, targetOf } from '../../scripts/planner/search.ts';
import type { Target } from '../../scripts/planner/workload.ts';
import { validateLocal } from '../dataset/support.ts';
import { hardwareCatalogue } from '../hub/hardware.ts';
import { flavorNamed, QWEN3_06B, searchInput, work } from '../planner/support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const guide = render(ROOT, 'training_methods.md.hbs', methodGuide());
const lineOf = (method: string) => guide.split('\n').find((line) => line.startsWith(`| ${method.toUpperCase()} | \``));

describe('training_methods.md', () => {
  it.each(PLANNED)('says of %s what a plan computes with', (method) => {
    const { learning_rate, lora_rank } = methodRecipe(method);
    const line = lineOf(method);
    expect(line).toContain(`| ${learning_rate.full.toExponential()} | ${learning_rate.lora.toExponential()} |`);
    expect(line).toMatch(new RegExp(`\\| ${lora_rank.least}( to ${lora_rank.most})? \\|`));
  });

  const CELLS: Record<string, unknown> = {
    messages: [
      { role: 'user', content: 'What is two and two?' },
      { role: 'assistant', content: 'Two and two is four.' },
    ],
    label: true,
  };
  const rows = (names: readonly string[], count: number) =>
    Array.from({ length: count }, (_, at) => {
      const cell = (name: string): unknown => CELLS[name] ?? `The ${name} of row ${at} says something of its own.`;
      return JSON.stringify({
        ...Object.fromEntries(names.map((name) => [name, cell(name)])),
        ...(names.includes('label') ? { label: at % 2 === 0 } : {}),
      });
    }).join('\n');

  it.each(PLANNED.flatMap((method) => COLUMNS[method].map((names) => [method, names] as const)))(
    '%s trains on the columns %j as they are',
    async (method, names) => {
      const file = join(await mkdtemp(join(tmpdir(), 'columns-')), 'rows.jsonl');
      await writeFile(file, rows(names, 6));
      const validated = await validateLocal(file, { method });
      expect(validated.methods[method]?.verdict).toBe('READY');
    },
  );
});

describe('hardware_guide.md', () => {
  it('compares with older advice, for each size that it names', () => {
    const { older, runs } = hardwareGuide() as { older: string[]; runs: { model: string; what: string }[] };
    expect(older).toHaveLength(Object.keys(OLDER_ADVICE).length);
    for (const [at, [model, advised]] of Object.entries(OLDER_ADVICE).entries()) {
      const taken = runs.find((run) => run.model === model)?.what ?? '';
      const kept = advised.some((flavor) => taken.includes(`\`${flavor}\``));
      expect(older[at]).toMatch(kept ? /still takes/ : / takes .* not /);
      for (const flavor of advised) expect(older[at]).toContain(flavor);
    }
  });

  const rendered = render(ROOT, 'hardware_guide.md.hbs', hardwareGuide());
  const [, , , choice = ''] = rendered.split('\n');

  it('says by what figures a plan chooses', () => {
    const percents = [HARDLY_MORE, WORTH_A_DAY, HARDLY_MORE, WORTH_ALL_WEIGHTS].map((one) =>
      Math.round(one * 100 - 100),
    );
    expect([...choice.matchAll(/(\d+)%/g)].map(([, percent]) => Number(percent))).toEqual(percents);
    expect(choice).toContain(`a working day (${WORKING_DAY / 3600} hours)`);
    expect(choice).toContain(`Up to ${LORA_ABOVE_PARAMETERS / 1e9} billion parameters all weights`);
    expect(CLEARLY_FASTER).toBe(2);
    expect(choice).toContain('less than half the time');
    expect(guide).toContain(`would cost over ${Math.round(WORTH_ALL_WEIGHTS * 100 - 100)}% more, and QLoRA`);
  });

  it.each(['t4-small', 'l4x1', 'a100-large', 'h200', 'rtx-pro-6000'])(
    'names the flavors that have no QLoRA: %s',
    (name) => {
      const input = searchInput({ work: work({ facts: QWEN3_06B }), modes: ['qlora'] });
      const flavor = flavorNamed(name);
      const line = rendered.split('\n').find((one) => one.startsWith('- QLoRA, and'));
      expect(line?.includes(`\`${name}\``)).toBe(candidateFor(input, flavor, targetOf(flavor)) === null);
    },
  );

  it.each(['NVIDIA', 'AMD', 'Intel', 'Habana', 'Google'])(
    'names the makers whose GPUs are planned with, and no other: %s',
    (manufacturer) => {
      const h200 = hardwareCatalogue().find(({ name }) => name === 'h200');
      const flavor = readFlavor({ ...h200, accelerator: { ...h200?.accelerator, manufacturer } });
      const line = rendered.split('\n').find((one) => one.startsWith('- Jobs are planned on'));
      expect(line).toMatch(/GPUs of \w+, and on CPUs/);
      expect(line?.includes(manufacturer)).toBe('accelerators' in flavor);
    },
  );

  it('names the GPUs of this machine that are used', () => {
    const line = rendered.split('\n').find((one) => one.startsWith('- `--backend local`'));
    const named = { cuda: 'NVIDIA', mps: 'MPS', cpu: 'CPU' } satisfies Record<Target['kind'], string>;
    for (const name of Object.values(named)) expect(line).toContain(name);
  });

  it('names what the catalogue has, and nothing where all compute in bf16', () => {
    const a10g = flavorNamed('a10g-small');
    const v100 = { ...a10g, name: 'v100x1', accelerator: 'V100', gpu_memory_gib: 16 };
    expect(withoutBf16([flavorNamed('cpu-basic'), a10g, v100])).toBe('`v100x1`');
    expect(withoutBf16([a10g])).toBe('');
  });
});
