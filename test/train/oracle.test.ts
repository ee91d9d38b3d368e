import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadCases, TRAINERS } from '../dataset/oracle/case.ts';
import { disagreement, miscounted } from '../dataset/oracle/compare.ts';
import { type Outcome, outcomeText, readOutcomes, recordedOutcome } from '../dataset/oracle/outcomes.ts';
import { proposalsOf } from '../dataset/oracle/proposals.ts';
import { tinyModel } from '../dataset/oracle/tiny-model.ts';
import { oraclePython, tryCases, tryProposals } from '../dataset/oracle/trl.ts';
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
  }, 1_200_000);

  it('it trains as we propose it, as recorded', async () => {
    const folder = await temporaryFolder();
    const proposals = (await Promise.all(tenth.map((one) => proposalsOf(one, folder)))).flat();
    expect(proposals.length).toBeGreaterThan(10);
    const run = await tryProposals(proposals);
    const now = proposals.map(({ case: name, key }) => [name, key, textOf(run.cases.get(name)?.[key])]);
    const before = readOutcomes('proposals').cases;
    expect(now).toEqual(proposals.map(({ case: name, key }) => [name, key, before[name]?.[key]]));
  }, 1_200_000);
});

describe("chat templates that TRL ships, as the model's own", () => {
  it('our verdict is what TRL did', async () => {
    const folder = await temporaryFolder();
    const templates = await trlTemplates();
    const wrong: string[] = [];
    let compared = 0;
    for (const one of cases) {
      if (one.template === undefined) continue;
      const { methods, rows_seen } = await validateLocal(one.write(folder), {}, tinyModel(one.template, templates));
      for (const trainer of TRAINERS) {
        const report = methods[trainer];
        if (!report) throw new Error(`no verdict for ${trainer}`);
        const outcome = recordedOutcome(recorded.cases[one.name], trainer);
        const left = report.verdict === 'READY' ? miscounted(report, outcome, rows_seen) : null;
        const found = disagreement(report, outcome) ?? left;
        if (found !== null) wrong.push(`${one.name} ${trainer}: ${found}`);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(200);
    expect(wrong).toEqual([]);
  });
});

async function trlTemplates(): Promise<string> {
  const where = 'import importlib.util as u; print(u.find_spec("trl").submodule_search_locations[0])';
  const { stdout } = await promisify(execFile)(await oraclePython(), ['-c', where]);
  return join(stdout.trim(), 'chat_templates');
}

const textOf = (outcome: Outcome | undefined): string => (outcome ? outcomeText(outcome) : 'not tried');

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
