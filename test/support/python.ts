import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEnvironment } from '../../scripts/jobs/local/environment.ts';
import { withLock } from '../../scripts/jobs/lock.ts';
import { EXCLUDE_NEWER, REQUIRES_PYTHON } from '../../scripts/training/requirements.ts';

/** State folder of the tests: environments and uv, made once for a checkout. Not in git. */
export const TEST_HOME = fileURLToPath(new URL('../../.cache/test-home/', import.meta.url));

/** Path of a Python with these packages (PEP 508), on the CPU. Made in a minute or so, then reused. */
export async function testPython(dependencies: string[]): Promise<string> {
  const { python } = await ensureEnvironment({
    home: TEST_HOME,
    env: process.env,
    dependencies,
    requiresPython: REQUIRES_PYTHON,
    excludeNewer: EXCLUDE_NEWER,
    gpu: false,
    say: (line) => console.error(line),
  });
  return python;
}

/** A program that a package of that environment installs, e.g. `ruff`. */
export const besidePython = (python: string, program: string): string => join(python, '..', program);

/** A folder of TEST_HOME that takes long to make: by whoever asks first, once for a checkout. */
export async function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = `${TEST_HOME}${name}`;
  if (existsSync(folder)) return folder;
  await mkdir(TEST_HOME, { recursive: true });
  return withLock(`${folder}.lock`, {}, async () => {
    if (existsSync(folder)) return folder;
    const making = `${folder}.making`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    await make(making);
    await rename(making, folder);
    return folder;
  });
}
