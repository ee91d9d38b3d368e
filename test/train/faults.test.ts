import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub, type TestHub } from '../hub/server.ts';
import { ANYWHERE, type Circumstances, DISK, type Disturbance, ON_A_DISK, ON_THE_HUB } from '../support/fault-kinds.ts';
import { seeded } from '../support/fault-moments.ts';
import { faultPlan, hashOf, RECIPES, type Recipe, weightsFile } from '../support/fault-plans.ts';
import { bytesIn, expectPushed, mostRepeated, type Place, runDisturbed } from '../support/fault-run.ts';
import { type ForkServer, startForkServer } from '../support/fork-server.ts';
import { tinyModel, trainingPython } from '../support/training.ts';

/**
 * Runs killed, starved and cut off at moments that a seed decides, then the same plan again until it is done:
 * the model is whole, where it should be, and the same as that of a run that nobody disturbed. FAULT_SEED begins
 * elsewhere, FAULT_ROUNDS makes the series longer; the seed of a case stands in its name.
 */
const SEED = Number(process.env.FAULT_SEED ?? 1);
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 1);
/** Not every system lets its users have a disk of their own. */
const HAS_DISKS = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;
if (!HAS_DISKS)
  console.warn('No small disk can be made here: what a full one does is tried by the limit of files alone.');
const CHECK = fileURLToPath(new URL('python/check_model.py', import.meta.url));

let hub: TestHub;
let root: string;
let plain: ForkServer;
let onDisk: ForkServer;
const home = () => join(root, 'home');
const disk = () => join(root, 'disk');

beforeAll(async () => {
  hub = await startHub();
  root = await mkdtemp(join(tmpdir(), 'hf-llm-trainer-faults-'));
  await mkdir(disk());
  await tinyModel();
  const python = await trainingPython();
  const env = {
    ...hub.environment(hub.tokens.write),
    PATH: process.env.PATH ?? '',
    HOME: root,
    HF_HOME: home(),
    OMP_NUM_THREADS: '1',
    HF_HUB_DOWNLOAD_TIMEOUT: '2', // read at import; a silent Hub is given up after twelve times that
    PYTHONUNBUFFERED: '1',
    HF_LLM_TRAINER_DIGEST: 'd'.repeat(64),
  };
  plain = await startForkServer({ python, env, folder: root });
  if (HAS_DISKS) onDisk = await startForkServer({ python, env, folder: root, disk: { folder: disk(), bytes: DISK } });
});
afterAll(async () => {
  plain?.close();
  onDisk?.close();
  await hub?.close();
  await rm(root, { recursive: true, force: true });
});

interface Undisturbed {
  weights: string;
  events: number;
  seconds: number;
  bytes: number;
}
const references = new Map<Recipe, Promise<Undisturbed>>();

/** The run that nobody disturbs, once for each recipe. */
function reference(recipe: Recipe): Promise<Undisturbed> {
  const made = async (): Promise<Undisturbed> => {
    const folder = join(root, `reference-${recipe}`);
    const plan = await faultPlan(recipe, { folder: join(folder, 'model') });
    const began = Date.now();
    const { attempts, model } = await runDisturbed(
      plan,
      { what: 'nothing' },
      { server: plain, hub, folder, home: home() },
    );
    const seconds = (Date.now() - began) / 1000;
    expect(attempts).toHaveLength(1);
    return {
      weights: await hashOf(join(model, weightsFile(recipe))),
      events: attempts[0]?.events.length ?? 0,
      seconds,
      bytes: await bytesIn(folder),
    };
  };
  const known = references.get(recipe) ?? made();
  references.set(recipe, known);
  return known;
}

interface Case {
  seed: number;
  recipe: Recipe;
  store: 'folder' | 'hub';
  kind: string;
  disturb: (circumstances: Circumstances) => Disturbance;
}

/** Each kind of fault with each store that it can meet, the recipes in turn. */
function cases(): Case[] {
  const all: Case[] = [];
  const add = (store: Case['store'], kinds: Record<string, Case['disturb']>): void => {
    for (const [kind, disturb] of Object.entries(kinds)) {
      const seed = SEED + all.length;
      all.push({ seed, recipe: RECIPES[seed % RECIPES.length] ?? 'sft', store, kind, disturb });
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const store of ['folder', 'hub'] as const)
      for (let twice = 0; twice < 2; twice++) add(store, HAS_DISKS ? { ...ANYWHERE, ...ON_A_DISK } : ANYWHERE);
    add('hub', ON_THE_HUB);
  }
  return all;
}

describe('the same plan until it is done', () => {
  const table: string[] = [];
  afterAll(() => console.log(table.join('\n')));

  it.each(cases())('seed $seed: $kind, $recipe, $store', async ({ seed, recipe, store, kind, disturb }) => {
    const { weights, events, seconds, bytes } = await reference(recipe);
    const server = kind in ON_A_DISK ? onDisk : plain;
    const folder = join(server === onDisk ? disk() : root, `case-${seed}`);
    const repo = `tester/case-${seed}`;
    const plan = await faultPlan(recipe, store === 'hub' ? { hub, repo } : { folder: join(folder, 'model') });
    const disturbance = disturb({
      random: seeded(seed),
      events: events + (store === 'hub' ? 3 : 0),
      seconds,
      bytes,
      hub,
      repo,
    });
    const place: Place = { server, hub, folder, home: home() };

    const { attempts, model, repeated } = await runDisturbed(plan, disturbance, place);
    const ends = attempts.map(({ code, signal }) => signal ?? code).join(', ');
    table.push(`seed ${seed} ${recipe} ${store}: ${disturbance.what}: ended ${ends}; ${repeated} steps twice`);

    if (store === 'folder') expect(repeated).toBeLessThanOrEqual(mostRepeated(attempts));
    if (store === 'hub') await expectPushed(hub, repo, model);
    expect(await hashOf(join(model, weightsFile(recipe))), attempts.map(({ log }) => log).join('\n')).toBe(weights);
    const source = store === 'hub' ? repo : (plan.output.folder ?? '');
    const loaded = await server.run({ script: CHECK, args: [source] });
    expect(loaded.log).toContain('"finite": true');
    await rm(server.seen(folder), { recursive: true, force: true });
  });
});
