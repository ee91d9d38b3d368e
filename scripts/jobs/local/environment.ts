import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from '../../errors.ts';
import { canonicalJson, sha256 } from '../../plan/digest.ts';
import { diskFull, storeError } from '../files.ts';
import { withLock } from '../lock.ts';
import { lastLines, saysDiskFull } from './failure.ts';
import { hasTorchWheel, readPipSettings, uvSettings } from './pip-settings.ts';
import { findPython } from './python.ts';
import { type Run, type RunResult, run } from './run.ts';
import { ensureUv } from './uv.ts';

export interface EnvironmentParams {
  /** The state folder. */
  home: string;
  env: NodeJS.ProcessEnv;
  /** PEP 508 requirements, e.g. `trl==1.16.0`. */
  dependencies: string[];
  /** PEP 440 range of Python versions, e.g. `>=3.10`. */
  requiresPython: string;
  /** ISO 8601: packages uploaded after it don't exist, so that what isn't pinned stays the same, too. */
  excludeNewer?: string | undefined;
  /** Whether torch has to reach an accelerator; without one the much smaller CPU build is taken. */
  gpu: boolean;
  say: (line: string) => void;
  signal?: AbortSignal | undefined;
  run?: Run;
}

/**
 * A virtual environment with these packages, under `home/environments`: made once, complete or not at all,
 * shared by every job that needs the same. About 1.2 GB with the CPU build of torch.
 * Throws what `ensureUv` throws, and TrainerError `install_failed`, `no_such_package`, `disk_full`.
 */
export async function ensureEnvironment(params: EnvironmentParams): Promise<{ python: string }> {
  const { home, dependencies, requiresPython, excludeNewer, gpu, say, signal } = params;
  const spawn = params.run ?? run;
  const contents = { dependencies: [...dependencies].sort(), requiresPython, excludeNewer, gpu, system: process.arch };
  const all = join(home, 'environments');
  const name = sha256(canonicalJson(contents)).slice(0, 16);
  const folder = join(all, name);
  const python = join(folder, INSIDE);
  if (await works(folder, params.env, spawn)) return { python };
  try {
    await mkdir(all, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeError(error, all);
  }
  const onWait = () => say('Waiting for another process that installs the same packages');
  return withLock(`${folder}.lock`, { onWait, ...(signal ? { signal } : {}) }, async () => {
    if (await works(folder, params.env, spawn)) return { python };
    await removeLeftovers(all, name);
    const making = join(all, `${name}.making-${process.pid}`);
    try {
      await make(making, params, spawn);
      await writeFile(join(making, COMPLETE), `${canonicalJson(contents)}\n`);
      await rm(folder, { recursive: true, force: true });
      await rename(making, folder);
    } catch (error) {
      throw storeError(error, all);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
    return { python };
  });
}

const COMPLETE = 'hf-llm-trainer-complete.json';
const INSIDE = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';

/** Complete, and the Python that it was made from is still there. */
async function works(folder: string, env: NodeJS.ProcessEnv, spawn: Run): Promise<boolean> {
  if (!existsSync(join(folder, COMPLETE))) return false;
  return (await spawn(join(folder, INSIDE), ['-c', ''], { env })).code === 0;
}

/** Of processes that died while they made it: the lock is ours, so nobody makes it now. */
async function removeLeftovers(all: string, name: string): Promise<void> {
  for (const entry of await readdir(all)) {
    if (entry.startsWith(`${name}.making-`)) await rm(join(all, entry), { recursive: true, force: true });
  }
}

async function make(folder: string, params: EnvironmentParams, spawn: Run): Promise<void> {
  const { dependencies, requiresPython, excludeNewer, gpu, say, signal } = params;
  const uv = await ensureUv(params);
  const settings = await findPython(params.env, spawn).then(
    (found) => readPipSettings(found, params.env, spawn),
    () => ({ findLinks: [], indexUrl: null, cert: null }), // uv brings a Python of its own, and there is no pip to ask
  );
  const env = { ...params.env, ...uvSettings(settings, params.env) };
  delete env.VIRTUAL_ENV;
  const onLine = (line: string) => {
    if (/^(Resolved|Prepared|Installed|Downloading|Building|warning)/i.test(line.trim())) say(line.trim());
  };

  say(`Installing ${dependencies.join(' ')}`);
  // Relocatable: it is moved to its final name when it is complete.
  const venv = await spawn(uv, ['venv', '--no-project', '--relocatable', '--python', requiresPython, folder], {
    env,
    signal,
  });
  if (venv.code !== 0) throw installFailed(venv, params);
  if (dependencies.length === 0) return; // Python alone
  const python = join(folder, INSIDE);
  const version = (
    await spawn(python, ['-c', 'import platform; print(platform.python_version())'], { env })
  ).stdout.trim();

  const install = (backend: string[]): Promise<RunResult> =>
    spawn(
      uv,
      [
        'pip',
        'install',
        '--python',
        python,
        ...(excludeNewer ? ['--exclude-newer', excludeNewer] : []),
        ...backend,
        ...dependencies,
      ],
      { env, signal, onLine },
    );
  const backend = await torchBackend(dependencies, { gpu, findLinks: settings.findLinks, version, env });
  let installed = await install(backend);
  if (installed.code !== 0 && backend.length > 0 && /download\.pytorch\.org/.test(installed.stderr)) {
    // PyTorch's own index is closed in some networks that have a mirror of PyPI; its build of torch works as
    // well, only that on Linux it brings gigabytes of CUDA.
    say('download.pytorch.org can’t be reached: taking torch from the ordinary index (on Linux a larger build)');
    installed = await install([]);
  }
  if (installed.code !== 0) throw installFailed(installed, params);
}

/** Which build of torch: uv's flag, or nothing where the right one comes without. */
async function torchBackend(
  dependencies: string[],
  { gpu, findLinks, version, env }: { gpu: boolean; findLinks: string[]; version: string; env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const torch = dependencies.map((one) => /^torch==([0-9A-Za-z.]+)$/.exec(one)?.[1]).find(Boolean);
  if (!torch || env.UV_TORCH_BACKEND) return []; // uv reads the variable itself
  if (process.platform === 'darwin') return []; // one build, with Metal
  if (gpu) return ['--torch-backend=auto'];
  return (await hasTorchWheel(findLinks, torch, version)) ? [] : ['--torch-backend=cpu'];
}

function installFailed(result: RunResult, { home, dependencies }: EnvironmentParams): TrainerError {
  const said = `${result.stdout}\n${result.stderr}`;
  if (saysDiskFull(said)) return diskFull(home);
  const what = `the training packages could not be installed: ${lastLines(said, 6)}`;
  if (/No solution found|not found in the package registry/.test(said)) {
    return new TrainerError(
      'unexpected',
      'no_such_package',
      what,
      `An index that lacks them? Try by hand: uv pip install --dry-run ${dependencies.join(' ')}`,
    );
  }
  return new TrainerError(
    'network',
    'install_failed',
    what,
    'Check the network and pip’s index (python3 -m pip config list), then run the same command again.',
  );
}
