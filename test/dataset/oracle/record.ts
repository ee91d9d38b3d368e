import { loadCases, PARQUET } from './case.ts';
import { outcomeText, type Recorded, readOutcomes, writeOutcomes } from './outcomes.ts';
import { tryCases } from './trl.ts';

/**
 * `npm run oracle` runs every fixture through TRL and records what happened; `-- --changed` only those whose inputs
 * changed; `-- --check` compares instead, and ends with 1 where anything differs.
 */
const flags = new Set(process.argv.slice(2));
const cases = loadCases();
const before = readOr({ versions: {}, no_trainer: [], cases: {} });
const changed = cases.filter(({ name, hash }) => before.cases[name]?.hash !== hash).map(({ name }) => name);
const wanted = flags.has('--changed') ? changed : cases.map(({ name }) => name);
if (wanted.length > 0) await run();

async function run(): Promise<void> {
  let done = 0;
  const now = await tryCases(wanted, {
    progress: (name) => console.error(`${++done} of ${wanted.length} ${name}`),
    ...(flags.has('--check') ? {} : { parquet: PARQUET }),
  });
  const hashes = new Map(cases.map(({ name, hash }) => [name, hash]));
  const fresh = Object.fromEntries(
    [...now.cases].map(([name, outcomes]) => [
      name,
      {
        hash: hashes.get(name) ?? '',
        ...Object.fromEntries(Object.entries(outcomes).map(([trainer, one]) => [trainer, outcomeText(one)])),
      },
    ]),
  );
  if (flags.has('--check')) return compare(fresh);
  const kept = Object.entries(before.cases).filter(([name, { hash }]) => hashes.get(name) === hash);
  writeOutcomes({ ...now, cases: { ...Object.fromEntries(kept), ...fresh } });
}

function compare(fresh: Recorded['cases']): void {
  let differences = 0;
  for (const name of new Set([...Object.keys(before.cases), ...Object.keys(fresh)])) {
    const [recorded, now] = [before.cases[name], fresh[name]].map((one) => JSON.stringify(one) ?? 'nothing');
    if (recorded === now) continue;
    differences += 1;
    console.log(`${name}\n  recorded ${recorded}\n  now      ${now}`);
  }
  console.log(`${differences} of ${cases.length} cases differ`);
  process.exitCode = differences > 0 ? 1 : 0;
}

function readOr(empty: Recorded): Recorded {
  try {
    return readOutcomes();
  } catch {
    return empty;
  }
}
