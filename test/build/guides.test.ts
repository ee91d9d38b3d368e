import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hardwareGuide, OLDER_ADVICE } from '../../build/hardware-guide.ts';
import { COLUMNS, methodGuide } from '../../build/method-guide.ts';
import { render } from '../../build/render.ts';
import { PLANNED } from '../../scripts/plan/methods.ts';
import { methodRecipe } from '../../scripts/planner/method-recipe.ts';
import { validateLocal } from '../dataset/support.ts';

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
});
