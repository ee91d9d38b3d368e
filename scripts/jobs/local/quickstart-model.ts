import { rename, rm, writeFile } from 'node:fs/promises';
import { TrainerError } from '../../errors.ts';
import { lastLines } from './failure.ts';
import { run } from './run.ts';

/**
 * Makes the quickstart's model: random weights, and a tokenizer trained on the data file. Always anew, so
 * that another version's is never taken for this one's; it takes seconds.
 */
export async function makeQuickstartModel(params: {
  python: string;
  /** Of the Python program that makes it: `program <data> <folder>`. */
  source: string;
  data: string;
  folder: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}): Promise<void> {
  const { python, source, data, folder, env, signal } = params;
  const script = `${folder}.py`;
  const making = `${folder}.making`;
  await writeFile(script, source);
  await rm(making, { recursive: true, force: true });
  const made = await run(python, [script, data, making], { env, signal });
  signal.throwIfAborted();
  if (made.code !== 0) {
    throw new TrainerError(
      'unexpected',
      'model_not_made',
      `the quickstart's model could not be made:\n${lastLines(`${made.stdout}\n${made.stderr}`, 8)}`,
      'Report this with the lines above.',
    );
  }
  await rm(folder, { recursive: true, force: true });
  await rename(making, folder);
}
