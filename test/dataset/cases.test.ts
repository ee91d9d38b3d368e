import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mappingFlags, mappingWords } from '../../scripts/plan/mapping.ts';
import { judgingOf } from './oracle/byte-model.ts';
import { loadCases, TRAINERS } from './oracle/case.ts';
import { validateLocal } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'cases-'));
afterAll(() => rmSync(folder, { recursive: true }));
const cases = loadCases();

it('has cases', () => expect(cases.length).toBeGreaterThan(150));

const judgeable = cases.filter(({ template, expect }) => template === undefined && Object.keys(expect).length > 0);

describe.each(judgeable)('$name', (one) => {
  it('is judged as expected', async () => {
    const path = one.write(folder);
    if (Array.isArray(one.rows) && one.rows.length === 0) {
      await expect(validateLocal(path)).rejects.toMatchObject({ kind: 'data', code: 'empty_dataset' });
      return;
    }
    const { options, model } = await judgingOf(one, folder);
    const { methods } = await validateLocal(path, options, model);
    for (const method of TRAINERS) {
      const expected = one.expect[method];
      if (!expected) continue;
      const found = methods[method];
      expect([method, found?.verdict]).toEqual([method, expected.verdict]);
      if (expected.codes) {
        expect(found?.findings.map(({ code }) => code).sort()).toEqual([...expected.codes].sort());
        const first = found?.findings.find(({ code }) => code === expected.codes?.[0]);
        if (expected.rows) expect(first?.rows).toEqual(expected.rows);
      }
      if (expected.invalid !== undefined) expect(found?.invalid_rows).toBe(expected.invalid);
      expect(found?.format === undefined).toBe(expected.verdict === 'INCOMPATIBLE');

      const proposed = found?.mapping ? [found.mapping, ...(found.other_mappings ?? [])] : [];
      if (expected.map) expect(proposed.map((mapping) => mappingWords(mapping).join(' '))).toEqual(expected.map);
      else if (expected.verdict !== 'NEEDS_MAPPING') expect(proposed).toEqual([]);
      // What is proposed really makes it ready, given as a person would give it.
      for (const mapping of proposed) {
        expect(mappingFlags(mapping)).toContain('--map');
        const mapped = await validateLocal(path, { ...options, method, map: mappingWords(mapping) }, model);
        expect(mapped.methods[method]?.verdict).toBe('READY');
      }
    }
  });
});
