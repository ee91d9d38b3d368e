import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { diskFull, storeError } from '../files.ts';
import { withLock } from '../lock.ts';
import { lastLines, saysDiskFull } from './failure.ts';
import { freeDisk } from './machine.ts';
import { findPython, isOlder } from './python.ts';
import { type Run, run } from './run.ts';

/** The version that is installed where there is none. */
export const UV_VERSION = '0.13.8';

/** The oldest that has what we use: `--torch-backend`, `--exclude-newer`, `uv venv --relocatable`. */
const OLDEST_UV = '0.8.0';

export interface UvParams {
  /** The state folder. */
  home: string;
  env: NodeJS.ProcessEnv;
  /** Takes progress, a line at a time. */
  say: (line: string) => void;
  signal?: AbortSignal | undefined;
  run?: Run;
}

/**
 * Path of a uv: the one on PATH if it is new enough, else one in a virtual environment of its own under
 * `home/uv`, installed there if need be (about 60 MB).
 * Throws TrainerError `python_missing`, `python_too_old`, `venv_missing`, `uv_install_failed`, `disk_full`.
 */
export async function ensureUv({ home, env, say, signal, run: spawn = run }: UvParams): Promise<string> {
  const found = await findUv({ home, env, run: spawn });
  if (found) return found;
  const { folder, uv } = ownUv(home);
  const python = await findPython(env, spawn);
  try {
    await mkdir(join(home, 'uv'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeError(error, home);
  }
  const onWait = () => say('Waiting for another process that installs uv');
  return withLock(`${folder}.lock`, { onWait, ...(signal ? { signal } : {}) }, async () => {
    if (existsSync(uv) && (await isNewEnough(uv, env, spawn))) return uv;
    say(`Installing uv ${UV_VERSION} (the Python package installer) into ${folder}`);
    const making = `${folder}.making-${process.pid}`;
    try {
      await rm(making, { recursive: true, force: true });
      const venv = await spawn(python.command, [...python.args, '-m', 'venv', making], { env, signal });
      if (venv.code !== 0) throw await venvFailed(`${venv.stdout}\n${venv.stderr}`, python.version, home);
      const inside = join(making, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
      const pip = await spawn(inside, ['-m', 'pip', 'install', '--quiet', `uv==${UV_VERSION}`], { env, signal });
      if (pip.code !== 0) throw pipFailed(`${pip.stdout}\n${pip.stderr}`, home);
      await rm(folder, { recursive: true, force: true });
      await rename(making, folder); // uv is a plain executable: it doesn't mind where it lies
      return uv;
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  });
}

/** The uv that is there already: on PATH, or ours; null where one has to be installed first. */
export async function findUv(params: { home: string; env: NodeJS.ProcessEnv; run?: Run }): Promise<string | null> {
  const { uv } = ownUv(params.home);
  for (const candidate of ['uv', ...(existsSync(uv) ? [uv] : [])]) {
    if (await isNewEnough(candidate, params.env, params.run ?? run)) return candidate;
  }
  return null;
}

function ownUv(home: string): { folder: string; uv: string } {
  const folder = join(home, 'uv', UV_VERSION);
  return { folder, uv: join(folder, process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv') };
}

async function isNewEnough(uv: string, env: NodeJS.ProcessEnv, spawn: Run): Promise<boolean> {
  const asked = await spawn(uv, ['--version'], { env });
  const version = /^uv (\d+\.\d+\.\d+)/.exec(asked.stdout)?.[1];
  return asked.code === 0 && version !== undefined && !isOlder(version, OLDEST_UV);
}

async function venvFailed(said: string, version: string, home: string): Promise<TrainerError> {
  // venv hides what its ensurepip said, so the disk is asked, too.
  if (saysDiskFull(said) || ((await freeDisk(home)) ?? 1) < 0.02) return diskFull(home);
  if (!/ensurepip is not available|No module named '?(venv|ensurepip)/.test(said)) {
    return new TrainerError(
      'unexpected',
      'venv_failed',
      `Python ${version} could not make a virtual environment: ${lastLines(said, 3)}`,
      'Mend what it says, then run the same command again.',
    );
  }
  const minor = version.split('.').slice(0, 2).join('.');
  return new TrainerError(
    'usage',
    'venv_missing',
    `Python ${version} can't make virtual environments: its venv module is not installed`,
    `apt install python3-venv (or python${minor}-venv), then run the same command again.`,
  );
}

function pipFailed(said: string, home: string): TrainerError {
  if (saysDiskFull(said)) return diskFull(home);
  return new TrainerError(
    'network',
    'uv_install_failed',
    `pip could not install uv ${UV_VERSION}: ${lastLines(said, 5)}`,
    'Check the network and pip’s index (python3 -m pip config list), or install uv yourself: https://docs.astral.sh/uv/.',
  );
}
