import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { scriptDependencies } from '../../../scripts/training/requirements.ts';
import { testPython } from '../../support/python.ts';
import { type Case, loadCases } from './case.ts';
import { Outcome } from './outcomes.ts';
import type { Proposal } from './proposals.ts';

const RUN = join(import.meta.dirname, 'run.py');
/** What the training script needs, and pictures. */
const PACKAGES = [
  ...scriptDependencies({ recipe: { mode: 'lora', attn_implementation: null }, model: { adapter: null } }),
  'pillow==12.3.0',
];

const Head = z.object({ versions: z.record(z.string(), z.string()), no_trainer: z.array(z.string()) });
const Tried = z.object({ case: z.string(), outcomes: z.record(z.string(), Outcome) });
const Proposed = z.object({ case: z.string(), key: z.string(), outcome: Outcome });

export const oraclePython = (): Promise<string> => testPython(PACKAGES);

/** Runs run.py and hands over its lines of JSON as they come. Throws with the end of its log where it fails. */
async function lines(args: string[], each: (line: unknown) => void, seed = '0'): Promise<void> {
  const python = await oraclePython();
  const child = spawn(python, [RUN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', PYTHONHASHSEED: seed },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4000);
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface(child.stdout)) each(JSON.parse(line));
  const code = await closed;
  if (code !== 0) throw new Error(`run.py ended with ${code}:\n${log}`);
}

export interface Run {
  versions: Record<string, string>;
  no_trainer: string[];
  cases: Map<string, Record<string, Outcome>>;
}

export interface TryOptions {
  progress?: (name: string) => void;
  /** Folder for the cases that hold pictures, as Parquet. */
  parquet?: string;
}

/** These cases through every trainer; all of them without names. */
export async function tryCases(names: string[], { progress, parquet }: TryOptions = {}): Promise<Run> {
  const run: Run = { versions: {}, no_trainer: [], cases: new Map() };
  const only = names.length > 0 ? ['--only', names.join(',')] : [];
  await lines([...only, ...(parquet ? ['--parquet', parquet] : [])], (line) => {
    const head = Head.safeParse(line);
    if (head.success) return void Object.assign(run, head.data);
    const { case: name, outcomes } = Tried.parse(line);
    run.cases.set(name, outcomes);
    progress?.(name);
  });
  await tryOtherSeeds(run.cases);
  return run;
}

/**
 * TRL tells conversations from text by one of several columns, whichever a Python set hands out first: between them and
 * 0 these seeds hand out each one of any of them. An empty list there, or text beside messages, stops it or not, so the
 * worst outcome is the outcome.
 */
const OTHER_SEEDS = ['7', '79', '54', '46'];
const TELLING = ['prompt', 'completion', 'chosen', 'rejected', 'messages'];

const Rows = z.array(z.record(z.string(), z.unknown()));
/** As they are, or one list of them many times. */
const CaseRows = z.union([
  Rows,
  z.object({ $repeat: z.tuple([Rows, z.number()]) }).transform(({ $repeat }) => $repeat[0]),
]);

function isUnsure({ rows }: Case): boolean {
  const [first] = CaseRows.parse(rows);
  const lists = TELLING.filter((name) => name in (first ?? {})).map((name) => Array.isArray(first?.[name]));
  return JSON.stringify(rows).includes('[]') || (lists.includes(true) && lists.includes(false));
}

const ORDER = ['trains', 'learns_nothing', 'fails'];

async function tryOtherSeeds(tried: Run['cases']): Promise<void> {
  const unsure = loadCases().filter((one) => tried.has(one.name) && isUnsure(one));
  if (unsure.length === 0) return;
  for (const seed of OTHER_SEEDS) {
    const only = ['--only', unsure.map(({ name }) => name).join(',')];
    await lines(
      only,
      (line) => {
        const again = Tried.safeParse(line);
        if (again.success) keepWorst(tried.get(again.data.case), again.data.outcomes);
      },
      seed,
    );
  }
}

function keepWorst(known: Record<string, Outcome> | undefined, again: Record<string, Outcome>): void {
  if (!known) return;
  for (const [trainer, outcome] of Object.entries(again)) {
    const before = known[trainer];
    if (before && ORDER.indexOf(outcome.outcome) > ORDER.indexOf(before.outcome)) known[trainer] = outcome;
  }
}

/** By case and key. */
export async function tryProposals(proposals: readonly Proposal[], progress?: (name: string) => void): Promise<Run> {
  const run: Run = { versions: {}, no_trainer: [], cases: new Map() };
  const folder = await mkdtemp(join(tmpdir(), 'proposals-'));
  try {
    const file = join(folder, 'proposals.json');
    await writeFile(file, JSON.stringify(proposals));
    await lines(['--proposals', file], (line) => {
      const head = Head.safeParse(line);
      if (head.success) return void Object.assign(run, head.data);
      const { case: name, key, outcome } = Proposed.parse(line);
      run.cases.set(name, { ...run.cases.get(name), [key]: outcome });
      progress?.(`${name} ${key}`);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  return run;
}
