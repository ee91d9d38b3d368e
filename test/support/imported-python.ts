import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ForkServer, startForkServer } from './fork-server.ts';
import type { OnEvent, Ran } from './ran.ts';

/** Pythons that have imported already what trainings import: one for each environment that an import reads. */

/** Each holds about 450 MB, most of it shared with its forks. */
const MOST = 2;
/** Folders that libraries read when they are imported, and another for each run: links, set before a run begins. */
const LINKED = ['HF_HOME', 'TRACKIO_DIR'];
/** Read by what runs, not by what is imported. */
const LATER = /^(HF_LLM_TRAINER_|TMPDIR$)/;

export const CAN_FORK = process.platform !== 'win32';

interface Imported {
  server: ForkServer;
  /** For links, sockets and code. */
  folder: string;
}
const alive = new Map<string, Promise<Imported>>();

export interface ImportedRun {
  python: string;
  /** A script or `-c` and code, and what follows. */
  args: string[];
  env: Record<string, string>;
  onEvent?: OnEvent | undefined;
}

/** As `python ...args` does, but for the seconds of its imports. One at a time. */
export async function runImported({ python, args, env, onEvent }: ImportedRun): Promise<Ran> {
  const [own, shared] = [{ ...env }, { ...env }];
  for (const name of Object.keys(env)) delete (LATER.test(name) ? shared : own)[name];
  for (const name of LINKED) delete shared[name];
  const { server, folder } = await importedPython(python, shared);
  for (const name of LINKED) {
    const target = env[name] ?? join(folder, `own-${name}`);
    await mkdir(target, { recursive: true });
    await rm(join(folder, name), { force: true });
    await symlink(target, join(folder, name));
  }
  const [first = '', ...rest] = args;
  if (first !== '-c') return server.run({ script: first, args: rest, env: own, onEvent });
  const script = join(folder, 'code.py');
  await writeFile(script, rest.shift() ?? '');
  return server.run({ script, args: rest, env: own, onEvent });
}

async function importedPython(python: string, env: Record<string, string>): Promise<Imported> {
  const key = JSON.stringify([python, Object.entries(env).sort()]);
  const known = alive.get(key);
  if (known) return known;
  const [oldest] = alive.keys();
  if (alive.size === MOST && oldest !== undefined) await close(oldest);
  const started = start(python, env);
  alive.set(key, started);
  return started;
}

async function start(python: string, env: Record<string, string>): Promise<Imported> {
  const folder = await mkdtemp(join(tmpdir(), 'imported-python-'));
  const links = Object.fromEntries(LINKED.map((name) => [name, join(folder, name)]));
  return { server: await startForkServer({ python, env: { ...env, ...links }, folder }), folder };
}

async function close(key: string): Promise<void> {
  const { server, folder } = (await alive.get(key)) ?? {};
  alive.delete(key);
  server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
}

/** After the tests of a file. */
export async function closeImported(): Promise<void> {
  for (const key of [...alive.keys()]) await close(key);
}
