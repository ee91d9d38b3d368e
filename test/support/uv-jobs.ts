import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { hasTorchWheel, readPipSettings, uvSettings } from '../../scripts/jobs/local/pip-settings.ts';
import { findPython } from '../../scripts/jobs/local/python.ts';
import { ensureUv } from '../../scripts/jobs/local/uv.ts';
import { TEST_HOME } from './python.ts';

/**
 * What a job of the loopback Hub needs so that its `uv run` finds the CPU build of torch: pip's own settings
 * where they name one, else PyTorch's index. In the real image the default index brings the CUDA build.
 */
export async function uvJobEnvironment(): Promise<Record<string, string>> {
  const { env } = process;
  const uv = await ensureUv({ home: TEST_HOME, env, say: (line) => console.error(line) });
  const python = await findPython(env);
  const settings = await readPipSettings(python, env);
  const network = Object.entries(env).filter(([name]) => /^(UV_|SSL_CERT_|(https?|no|all)_proxy$)/i.test(name));
  const variables = [...network, ...Object.entries(uvSettings(settings, env))];
  const here = await hasTorchWheel(settings.findLinks, '2.13.0', python.version);
  return {
    PATH: [...(isAbsolute(uv) ? [dirname(uv)] : []), env.PATH ?? ''].join(delimiter),
    UV_CACHE_DIR: join(TEST_HOME, 'uv-cache'),
    // The Python that was looked for a wheel; its own download is out of reach of a test.
    UV_PYTHON: python.version,
    UV_PYTHON_DOWNLOADS: 'never',
    // Threads of models this small wait for each other more than they compute.
    OMP_NUM_THREADS: '1',
    ...Object.fromEntries(variables.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...(here ? {} : { UV_INDEX: 'https://download.pytorch.org/whl/cpu', UV_INDEX_STRATEGY: 'unsafe-best-match' }),
  };
}
