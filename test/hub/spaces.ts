import * as z from 'zod';
import { commitOf, writable } from './access.ts';
import { type Call, HubError, readInput, sendJson } from './http.ts';
import type { Repo } from './repos.ts';

/**
 * What clients ask about a Space beside its files. No Space ever runs here, and the stage says so: an app that
 * was uploaded stays in BUILDING.
 */

const Setting = z.object({ key: z.string().min(1), value: z.string().default(''), description: z.string().nullish() });

interface SpaceState {
  secrets: Map<string, string>;
  variables: Map<string, string>;
  volumes: unknown[];
  hardware: string;
  sleepTime: number | null;
}

const states = new WeakMap<Repo, SpaceState>();

function stateOf(repo: Repo): SpaceState {
  const fresh = { secrets: new Map(), variables: new Map(), volumes: [], hardware: 'cpu-basic', sleepTime: null };
  const state = states.get(repo) ?? fresh;
  states.set(repo, state);
  return state;
}

export function runtimeOf(repo: Repo): Record<string, unknown> {
  const { hardware, sleepTime, volumes } = stateOf(repo);
  const hasApp = repo.resolve('main')?.files.has('app.py') || repo.sdk !== 'gradio';
  return {
    stage: hasApp ? 'BUILDING' : 'NO_APP_FILE',
    hardware: { current: null, requested: hardware },
    gcTimeout: sleepTime,
    storage: null,
    volumes,
  };
}

/** GET, POST and DELETE of .../secrets and .../variables. The value of a secret is never given back. */
export async function spaceSettings(call: Call): Promise<void> {
  const repo = writable(call);
  const kind = call.params.what === 'secrets' ? 'secrets' : 'variables';
  const settings = stateOf(repo)[kind];
  if (call.method !== 'GET') {
    const { key, value } = await readInput(call, Setting);
    if (call.method === 'DELETE') settings.delete(key);
    else settings.set(key, value);
  }
  const shown = [...settings].map(([key, value]) => [key, kind === 'secrets' ? { key } : { key, value }]);
  sendJson(call, Object.fromEntries(shown));
}

export async function spaceVolumes(call: Call): Promise<void> {
  const repo = writable(call);
  const input = call.method === 'PUT' ? await readInput(call, z.object({ volumes: z.array(z.unknown()) })) : null;
  stateOf(repo).volumes = input?.volumes ?? [];
  sendJson(call, runtimeOf(repo));
}

/** GET .../runtime; POST .../hardware, .../sleeptime, .../pause and .../restart, which answer the same. */
export async function spaceRuntime(call: Call): Promise<void> {
  const repo = writable(call);
  commitOf(call, repo);
  const state = stateOf(repo);
  if (call.method === 'POST') {
    const Input = z.object({
      flavor: z.string().optional(),
      seconds: z.number().nullish(),
      sleepTimeSeconds: z.number().nullish(),
    });
    const input = await readInput(call, Input);
    if (input.flavor !== undefined && !call.world.hardware.some(({ name }) => name === input.flavor)) {
      throw new HubError(400, `unknown hardware ${input.flavor}`);
    }
    state.hardware = input.flavor ?? state.hardware;
    state.sleepTime = input.seconds ?? input.sleepTimeSeconds ?? state.sleepTime;
  }
  sendJson(call, runtimeOf(repo));
}
