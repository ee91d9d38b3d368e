import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCases, PARQUET } from './case.ts';
import { type Outcome, outcomeText, type Recorded, readOutcomes, type Which, writeOutcomes } from './outcomes.ts';
import { type Proposal, proposalsOf } from './proposals.ts';
import { type Run, tryCases, tryProposals } from './trl.ts';

/**
 * `npm run oracle` runs every fixture through TRL, then every fixture as we propose it, and records what happened;
 * `-- --changed` only what is not recorded; `-- --check` compares instead, and ends with 1 where anything differs;
 * `-- outcomes` and `-- proposals` do only that.
 */
const flags = new Set(process.argv.slice(2));
const [check, changed] = [flags.has('--check'), flags.has('--changed')];
const cases = loadCases();
const hashes = new Map(cases.map(({ name, hash }) => [name, hash]));
if (!flags.has('proposals')) await recordOutcomes();
if (!flags.has('outcomes')) await recordProposals();

async function recordOutcomes(): Promise<void> {
  const before = readOr('outcomes');
  const wanted = cases.filter(({ name, hash }) => !changed || before.cases[name]?.hash !== hash);
  const fresh = wanted.length === 0 ? null : await tried(wanted.map(({ name }) => name));
  const kept = Object.entries(before.cases).filter(([name, { hash }]) => hashes.get(name) === hash);
  const now = { ...before, ...fresh, cases: { ...Object.fromEntries(kept), ...(fresh ? lines(fresh) : {}) } };
  finish('outcomes', before, check && fresh ? { ...now, cases: lines(fresh) } : now);
}

async function tried(names: string[]): Promise<Run> {
  let done = 0;
  const progress = (name: string): void => console.error(`${++done} of ${names.length} ${name}`);
  return tryCases(names, { progress, ...(check ? {} : { parquet: PARQUET }) });
}

async function recordProposals(): Promise<void> {
  const before = readOr('proposals');
  const all = await proposals();
  const known = ({ case: name, key }: Proposal): string | undefined =>
    before.cases[name]?.hash === hashes.get(name) ? before.cases[name]?.[key] : undefined;
  const wanted = all.filter((each) => !changed || known(each) === undefined);
  let done = 0;
  const fresh =
    wanted.length === 0
      ? null
      : await tryProposals(wanted, (name) => console.error(`${++done} of ${wanted.length} proposals ${name}`));
  const now: Recorded['cases'] = {};
  for (const each of all) {
    const outcome = fresh?.cases.get(each.case)?.[each.key];
    const text = outcome ? outcomeText(outcome) : (known(each) ?? '');
    now[each.case] = { hash: hashes.get(each.case) ?? '', ...now[each.case], [each.key]: text };
  }
  const { versions, no_trainer } = fresh ?? before;
  finish('proposals', before, { versions, no_trainer, cases: now });
}

async function proposals(): Promise<Proposal[]> {
  const folder = mkdtempSync(join(tmpdir(), 'oracle-'));
  try {
    const found: Proposal[] = [];
    for (const one of cases) found.push(...(await proposalsOf(one, folder)));
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lines(run: Run): Recorded['cases'] {
  const texts = (outcomes: Record<string, Outcome>): Record<string, string> =>
    Object.fromEntries(Object.entries(outcomes).map(([key, one]) => [key, outcomeText(one)]));
  return Object.fromEntries(
    [...run.cases].map(([name, outcomes]) => [name, { hash: hashes.get(name) ?? '', ...texts(outcomes) }]),
  );
}

function finish(which: Which, before: Recorded, now: Recorded): void {
  if (check) compare(which, before, now);
  else writeOutcomes(which, now);
}

function compare(which: Which, before: Recorded, now: Recorded): void {
  let differences = 0;
  for (const name of new Set([...Object.keys(before.cases), ...Object.keys(now.cases)])) {
    const [was, is] = [before.cases[name], now.cases[name]].map((one) => JSON.stringify(one) ?? 'nothing');
    if (was === is) continue;
    differences += 1;
    console.log(`${name}\n  recorded ${was}\n  now      ${is}`);
  }
  console.log(`${which}: ${differences} of ${Object.keys(now.cases).length} cases differ`);
  if (differences > 0) process.exitCode = 1;
}

function readOr(which: Which): Recorded {
  try {
    return readOutcomes(which);
  } catch {
    return { versions: {}, no_trainer: [], cases: {} };
  }
}
