import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapRowModule } from '../../scripts/training/mapping-python.ts';
import { type Case, loadCases, TRAINERS } from '../dataset/oracle/case.ts';
import { outcomeText, readOutcomes } from '../dataset/oracle/outcomes.ts';
import { tryCases, tryMapped } from '../dataset/oracle/trl.ts';
import { validateLocal } from '../dataset/support.ts';
import { temporaryFolder } from '../support/training.ts';

/**
 * A tenth of the fixtures through TRL again, another one each day: what it does has to be what is recorded.
 * `ORACLE_SEED=2026-11-20` repeats a day; `npm run oracle -- --check` runs all of them.
 */
const seed = process.env.ORACLE_SEED ?? new Date().toISOString().slice(0, 10);
const recorded = readOutcomes();
const cases = loadCases();
const tenth = drawn(cases, Math.ceil(cases.length / 10), seed);

describe(`a tenth of the fixtures, seed ${seed}`, () => {
  it('TRL does what is recorded', async () => {
    const run = await tryCases(tenth.map(({ name }) => name));
    expect(run.versions).toEqual(recorded.versions);
    expect(run.no_trainer).toEqual(recorded.no_trainer);
    expect(run.cases.size).toBe(tenth.length);
    for (const { name, hash } of tenth) {
      const outcomes = Object.entries(run.cases.get(name) ?? {}).map(([trainer, one]) => [trainer, outcomeText(one)]);
      expect({ name, hash, ...Object.fromEntries(outcomes) }).toEqual({ name, ...recorded.cases[name] });
    }
  });

  it('what is proposed trains', async () => {
    const folder = await temporaryFolder();
    const mapped = (await Promise.all(tenth.map((one) => proposals(one, folder)))).flat();
    const file = join(folder, 'mapped.json');
    await writeFile(file, JSON.stringify(mapped));
    const tried = await tryMapped(file);
    expect(tried.length).toBe(mapped.length);
    expect(tried.filter(({ outcome }) => outcome.outcome !== 'trains')).toEqual([]);
  });
});

/** Every mapping that is proposed for a case, as the Python that the training script runs. */
async function proposals(one: Case, folder: string): Promise<{ case: string; method: string; python: string }[]> {
  // Chat templates and lengths are the model's: without one nothing is promised about them. Pictures aren't mapped.
  if (
    one.template !== undefined ||
    one.max_length !== undefined ||
    (Array.isArray(one.rows) && one.rows.length === 0)
  ) {
    return [];
  }
  const { methods } = await validateLocal(one.write(folder), { split: undefined });
  return TRAINERS.flatMap((method) => {
    const { mapping, other_mappings = [] } = methods[method] ?? {};
    return (mapping ? [mapping, ...other_mappings] : []).map((each) => ({
      case: one.name,
      method,
      python: mapRowModule(each),
    }));
  });
}

/** `count` of them, chosen by the seed alone. */
function drawn<T>(all: readonly T[], count: number, from: string): T[] {
  let state = [...from].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  const random = (): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  return all
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ item }) => item);
}
