import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEnvironment } from '../../scripts/jobs/local/environment.ts';
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
