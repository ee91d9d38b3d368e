import { mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import type { TestHub } from '../hub/server.ts';
import type { Disturbance } from './fault-kinds.ts';
import { INTERVAL } from './fault-plans.ts';
import type { ForkServer } from './fork-server.ts';
import type { Ran } from './ran.ts';
import { only } from './training.ts';

export interface Place {
  server: ForkServer;
  hub: TestHub;
  /** What each attempt writes is here: on the server's disk, where it has one. */
  folder: string;
  /** HF_HOME of the server. */
  home: string;
}

export interface Outcome {
  attempts: Ran[];
  /** The model's folder on the machine of the last attempt. */
  model: string;
  /** Steps trained more than once. */
  repeated: number;
}

const ATTEMPTS = 4;

/** The same plan until it is done: the first time disturbed, and on the Hub each time on a machine that is new. */
export async function runDisturbed(plan: Plan, disturbance: Disturbance, place: Place): Promise<Outcome> {
  const { server, hub, folder, home } = place;
  const script = join(folder, 'train.py');
  await mkdir(server.seen(folder), { recursive: true });
  await writeFile(server.seen(script), composeScript(plan).script);
  const attempts: Ran[] = [];
  let repeated = 0;
  let stored: number | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const machine = join(folder, `machine-${attempt}`);
    await mkdir(server.seen(machine));
    if (plan.output.repo_id) await rm(home, { recursive: true, force: true });
    const first = attempt === 1;
    const ballast = first && disturbance.free !== undefined ? await fill(server, folder, disturbance.free) : null;
    const { env, ...how } = first ? (disturbance.run ?? {}) : {};
    const ran = await server.run({
      script,
      ...how,
      env: { TMPDIR: machine, TRACKIO_DIR: join(machine, 'curves'), ...env },
    });
    if (ballast) await rm(ballast);
    hub.faults.clear();
    expect(ran.log).not.toContain(hub.tokens.write);
    expect(unreadable(ran)).toEqual([]);
    repeated += stepsAgain(attempts.at(-1), ran);
    const [start] = only(ran, 'start');
    if (start && stored !== null) expect(start.from_step, ran.log).toBeGreaterThanOrEqual(stored);
    attempts.push(ran);
    if (ran.code === 0) return { attempts, model: await modelFolder(plan, server, folder), repeated };
    stored = plan.output.repo_id ? await uploadedStep(hub, plan.output.repo_id) : null;
    expectStored(stored, ran);
  }
  throw new Error(`not done after ${ATTEMPTS} attempts:\n${attempts.map(({ log }) => log).join('\n----\n')}`);
}

/** What was stopped in good order is in the repository. */
function expectStored(stored: number | null, ran: Ran): void {
  const failed = only(ran, 'alarm').some(({ code }) => /checkpoint_not/.test(code));
  if (stored === null || ran.code !== 75 || failed) return;
  expect(stored).toBe(only(ran, 'stopped')[0]?.step);
}

/** The step of the checkpoint in a repository; 0 where there is none. */
export async function uploadedStep(hub: TestHub, repo: string): Promise<number> {
  const there = hub.repo('model', repo)?.resolve('main')?.files.has('last-checkpoint/trainer_state.json');
  if (!there) return 0;
  return JSON.parse(String(await hub.readFile('model', repo, 'last-checkpoint/trainer_state.json'))).global_step;
}

/** Steps of the attempt before that this one trained again. */
function stepsAgain(before: Ran | undefined, ran: Ran): number {
  const [start] = only(ran, 'start');
  const last = before && only(before, 'step').at(-1)?.step;
  return start && last ? Math.max(0, last - start.from_step) : 0;
}

/** Lines that look like events and are none. */
const unreadable = ({ log, events }: Ran): string[] => {
  const lines = log.split('\n').filter((line) => line.startsWith('{"hf_llm_trainer"') && line.endsWith('}'));
  return lines.length === events.length ? [] : lines;
};

/** Takes the room of the server's disk but for so many bytes. */
async function fill(server: ForkServer, folder: string, free: number): Promise<string> {
  const ballast = server.seen(join(folder, 'ballast'));
  const { bavail, bsize } = await statfs(server.seen(folder));
  await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - free)));
  return ballast;
}

/** On the machine where it was saved: a later attempt may have found it finished. */
async function modelFolder(plan: Plan, server: ForkServer, folder: string): Promise<string> {
  if (plan.output.folder) return server.seen(plan.output.folder);
  const files = await readdir(server.seen(folder), { recursive: true });
  const finished = files.filter((name) => /^machine-\d\/[^/]+\/hf-llm-trainer\.json$/.test(name)).sort();
  return server.seen(join(folder, dirname(finished.at(-1) ?? '')));
}

/** Bytes of all that is in a folder. */
export async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Every file of the finished model is in the repository, byte for byte. */
export async function expectPushed(hub: TestHub, repo: string, folder: string): Promise<void> {
  const held = hub.repo('model', repo)?.resolve('main')?.files ?? new Map();
  const names = (await readdir(folder, { recursive: true })).filter(
    (name) => !/^(checkpoints|\.|merged-base)/.test(name),
  );
  expect(names.length).toBeGreaterThan(4);
  for (const name of names) {
    if (!(await stat(join(folder, name))).isFile()) continue;
    const there = held.has(name) ? await hub.readFile('model', repo, name) : null;
    expect(there?.equals(await readFile(join(folder, name))), `${name} in ${repo}`).toBe(true);
  }
  expect([...held.keys()].filter((name) => name.startsWith('last-checkpoint'))).toEqual([]);
}

/** Interval, and once more for every checkpoint that an alarm said could not be saved. */
export function mostRepeated(attempts: Ran[]): number {
  const lost = attempts.flatMap((ran) => only(ran, 'alarm')).filter(({ code }) => code === 'checkpoint_not_saved');
  return INTERVAL * (1 + lost.length);
}
