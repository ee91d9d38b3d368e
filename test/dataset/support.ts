import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import type { ModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import { type ValidateOptions, validateDataset } from '../../scripts/dataset/validate.ts';
import type { Hub } from '../../scripts/hub/client.ts';

/** No network: whoever asks it fails the test. */
export const offline: Hub = {
  endpoint: 'https://hub.invalid',
  datasetsServer: 'https://hub.invalid',
  token: null,
  fetch: async (input) => {
    throw new Error(`fetched ${input}`);
  },
};

export function validateLocal(path: string, options: ValidateOptions = {}, model?: ModelText): Promise<DatasetReport> {
  return validateDataset({ reference: path, options, hub: offline, cwd: dirname(path), env: {}, model });
}

/** What main.ts is to the threads of the runtime, as a file in `folder`. */
export async function threadEntry(folder: string): Promise<string> {
  const outfile = join(folder, 'thread.mjs');
  await build({
    stdin: {
      contents: `import { serveRows } from './every-row/thread.ts'; serveRows();`,
      resolveDir: join(import.meta.dirname, '../../scripts/dataset'),
    },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile,
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  return outfile;
}
