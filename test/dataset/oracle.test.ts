import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MethodReport } from '../../scripts/dataset/report.ts';
import { TrainerError } from '../../scripts/errors.ts';
import { judgingOf } from './oracle/byte-model.ts';
import { type Case, loadCases, TRAINERS, type Trainer } from './oracle/case.ts';
import { disagreement, miscounted } from './oracle/compare.ts';
import { type Outcome, readOutcomes, recordedOutcome } from './oracle/outcomes.ts';
import { proposalsOf } from './oracle/proposals.ts';
import { validateLocal } from './support.ts';

/** What we say about every fixture and method beside what TRL did with it (`npm run oracle` records that). */
const recorded = readOutcomes();
const cases = loadCases();
const folder = mkdtempSync(join(tmpdir(), 'oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the record is of these fixtures', () => {
  const stale = cases.filter(({ name, hash }) => recorded.cases[name]?.hash !== hash).map(({ name }) => name);
  expect(stale, 'run `npm run oracle -- --changed`').toEqual([]);
  expect(Object.keys(recorded.cases).sort()).toEqual(cases.map(({ name }) => name));
});

describe('what we propose', () => {
  const proposed = readOutcomes('proposals').cases;

  it('trains, each of it', async () => {
    const proposals = [];
    for (const one of cases) proposals.push(...(await proposalsOf(one, folder)));
    const said = proposals.map(({ case: name, key }) => `${name}: ${key} ${proposed[name]?.[key] ?? 'not recorded'}`);
    expect(said.length).toBeGreaterThan(300);
    expect(
      said.filter((line) => !/ trains( \d+\/\d+)?$/.test(line)),
      'run `npm run oracle -- --changed`',
    ).toEqual([]);
  }, 300_000);
});

describe('our verdict and what TRL did', () => {
  const compared: Compared[] = [];

  beforeAll(async () => {
    for (const one of cases) {
      // Templates that TRL ships are read from it, in test/train.
      if (one.template !== undefined) continue;
      const reports = await judged(one);
      for (const trainer of TRAINERS) {
        const report = reports === 'empty' ? { verdict: 'INCOMPATIBLE' as const, findings: [] } : reports[trainer];
        if (!report) throw new Error(`no verdict for ${trainer}`);
        const outcome = recordedOutcome(recorded.cases[one.name], trainer);
        const wrong =
          disagreement(report, outcome) ?? (report.verdict === 'READY' ? await miscount(one, trainer, report) : null);
        const said = report.findings.filter(({ kind }) => kind === 'fails');
        const [staged, worded] = [said.some(({ stage }) => stage), said.some(({ error }) => error)];
        compared.push({ name: one.name, trainer, verdict: report.verdict, outcome, staged, worded, wrong });
      }
      const prm = reports === 'empty' ? undefined : reports.prm?.verdict;
      if (reports !== 'empty') expect(prm === 'INCOMPATIBLE').toBe(recorded.no_trainer.includes('prm'));
    }
    console.log(confusion(compared));
  }, 300_000);

  it('of every case, but those with a template of TRL: test/train has them', () => {
    const untried = new Set(cases.filter(({ template }) => template === undefined).map(({ name }) => name));
    for (const { name } of compared) untried.delete(name);
    expect([...untried]).toEqual([]);
    const elsewhere = cases.filter(({ template }) => template !== undefined);
    // Which counts no tokens.
    expect(elsewhere.filter(({ max_length, model }) => max_length !== undefined || model !== undefined)).toEqual([]);
    expect(new Set(compared.map(({ name }) => name)).size + elsewhere.length).toBe(cases.length);
  });

  it('most failures are said with their stage and in the words of TRL', () => {
    const failing = compared.filter(({ outcome }) => outcome.outcome === 'fails' && outcome.stage !== 'load');
    expect(failing.length).toBeGreaterThan(1000);
    expect(failing.filter(({ staged }) => staged).length / failing.length).toBeGreaterThan(0.95);
    expect(failing.filter(({ worded }) => worded).length / failing.length).toBeGreaterThan(0.8);
  });

  it.each(TRAINERS)('%s', (trainer) => {
    const own = compared.filter((one) => one.trainer === trainer);
    expect(own.length).toBeGreaterThan(100);
    const wrong = own.filter((one) => one.wrong !== null).map((one) => `${one.name}: ${one.wrong}`);
    expect(wrong).toEqual(NEEDS_TOKENIZER[trainer] ?? []);
  });
});

/** Left out for its length at TRL's own max_length, of which nothing is known without a tokenizer. */
const NEEDS_TOKENIZER: Partial<Record<Trainer, string[]>> = {
  reward: ['pairs-ten-megabytes: says that 0 of 2 are left out, but 1 are'],
};

interface Compared {
  name: string;
  trainer: Trainer;
  verdict: string;
  outcome: Outcome;
  /** Whether a finding says at which stage it fails, and with which words. */
  staged: boolean;
  worded: boolean;
  wrong: string | null;
}

/** How many rows we say are left out, and how many were. */
async function miscount(one: Case, method: Trainer, report: MethodReport): Promise<string | null> {
  const { options, model } = await judgingOf(one, folder);
  const { rows_seen, tokens } = await validateLocal(one.write(folder), { ...options, method }, model);
  const outcome = recordedOutcome(recorded.cases[one.name], method);
  return miscounted(report, outcome, rows_seen, tokens?.dropped_share);
}

async function judged(one: Case): Promise<Partial<Record<string, MethodReport>> | 'empty'> {
  const { options, model } = await judgingOf(one, folder);
  try {
    return (await validateLocal(one.write(folder), options, model)).methods;
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'empty_dataset') return 'empty';
    throw error;
  }
}

function confusion(compared: readonly { verdict: string; outcome: Outcome }[]): string {
  const verdicts = ['READY', 'NEEDS_MAPPING', 'INCOMPATIBLE'];
  const outcomes = ['trains', 'learns_nothing', 'fails'];
  const count = (verdict: string, outcome: string): number =>
    compared.filter((one) => one.verdict === verdict && one.outcome.outcome === outcome).length;
  const rows = verdicts.map((verdict) => [verdict, ...outcomes.map((outcome) => String(count(verdict, outcome)))]);
  return [['', ...outcomes], ...rows].map((row) => row.map((cell) => cell.padEnd(15)).join('')).join('\n');
}
