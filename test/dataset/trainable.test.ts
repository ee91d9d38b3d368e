import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Shape } from '../../scripts/dataset/methods/method.ts';
import { METHOD_RULES } from '../../scripts/dataset/methods/table.ts';
import { isTrainable } from '../../scripts/dataset/trainable.ts';
import type { Method } from '../../scripts/plan/methods.ts';
import { PlanDataset } from '../../scripts/plan/schema.ts';

/** The training script's Python runs the same cases. */
const Cases = z.array(
  z.strictObject({
    format: PlanDataset.shape.format,
    conversational: z.boolean(),
    row: z.record(z.string(), z.unknown()),
    trainable: z.boolean(),
  }),
);
const cases = Cases.parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/trainable.json'), 'utf8')));

const FORMATS: Record<Shape['format'], Method[]> = {
  'language-modeling': ['sft'],
  'prompt-completion': ['sft'],
  'prompt-only': ['grpo', 'rloo'],
  preference: ['dpo', 'reward', 'kto'],
  'unpaired-preference': ['kto'],
};

describe('one row', () => {
  it.each([0n, 1n])('has %s of a Parquet file for a label', (label) => {
    expect(isTrainable('unpaired-preference', false, { prompt: 'a', completion: 'b', label })).toBe(true);
  });

  it.each(cases)('$format, conversational $conversational: $row', ({ format, conversational, row, trainable }) => {
    expect(isTrainable(format, conversational, row)).toBe(trainable);
  });

  // A row that can't train has a reason that a person can read, and a row that fails can't train.
  it.each(cases)('reasons agree for $format, conversational $conversational: $row', (entry) => {
    for (const rules of METHOD_RULES.filter(({ method }) => FORMATS[entry.format].includes(method))) {
      const kinds = rules.problems(rules.read?.(entry.row) ?? entry.row, entry).map(({ kind }) => kind);
      if (entry.trainable) expect(kinds).not.toContain('fails');
      else expect(kinds.filter((kind) => kind !== 'note')).not.toEqual([]);
    }
  });
});
