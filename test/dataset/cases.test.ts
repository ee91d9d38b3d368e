import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { mappingFlags } from '../../scripts/plan/mapping.ts';
import { validateLocal } from './support.ts';

/** One file a case: rows, and what validation has to say about them for the method that the folder is named for. */
const Case = z.strictObject({
  rows: z.array(z.record(z.string(), z.unknown())),
  expect: z.strictObject({
    verdict: z.enum(['READY', 'NEEDS_MAPPING', 'INCOMPATIBLE']),
    /** Codes of all findings. */
    codes: z.array(z.string()),
    /** Row numbers of the finding named first. */
    rows: z.array(z.number()).optional(),
    invalid: z.number().optional(),
    /** Proposed mappings, each as `new=old new=old`. */
    map: z.array(z.string()).optional(),
  }),
});

const fixtures = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['sft', 'dpo', 'grpo'] as const)('%s', (method) => {
  const names = readdirSync(join(fixtures, method));
  it('has cases', () => expect(names.length).toBeGreaterThan(8));

  it.each(names)('%s', async (name) => {
    const { rows, expect: expected } = Case.parse(JSON.parse(readFileSync(join(fixtures, method, name), 'utf8')));
    const path = join(folder, `${method}-${name.replace('.json', '')}.jsonl`);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const options = { method, split: undefined };
    const found = (await validateLocal(path, options)).methods[method];

    expect(found?.verdict).toBe(expected.verdict);
    expect(found?.findings.map(({ code }) => code).sort()).toEqual([...expected.codes].sort());
    const first = found?.findings.find(({ code }) => code === expected.codes[0]);
    if (expected.rows) expect(first?.rows).toEqual(expected.rows);
    if (expected.invalid !== undefined) expect(found?.invalid_rows).toBe(expected.invalid);
    const proposed = found?.mapping ? [found.mapping, ...(found.other_mappings ?? [])] : [];
    expect(proposed.map((mapping) => mapping.columns.map(({ to, from }) => `${to}=${from}`).join(' '))).toEqual(
      expected.map ?? [],
    );
    expect(found?.format === undefined).toBe(expected.verdict === 'INCOMPATIBLE');

    // What is proposed really makes it ready, given as a person would give it.
    for (const mapping of proposed) {
      const map = mapping.columns.map(({ to, from }) => `${to}=${from}`);
      expect(mappingFlags(mapping)).toContain('--map');
      expect((await validateLocal(path, { ...options, map })).methods[method]?.verdict).toBe('READY');
    }
  });
});
