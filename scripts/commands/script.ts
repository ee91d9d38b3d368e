import { resolve } from 'node:path';
import { EXIT } from '../errors.ts';
import { readPlanFile } from '../plan/file.ts';
import { composeScript } from '../training/compose.ts';
import type { CommandContext } from './context.ts';

/** `script`: the training script of a plan, to read or to run by hand with `uv run`. */
export async function scriptCommand(path: string, context: CommandContext): Promise<number> {
  const { plan, digest } = await readPlanFile(resolve(context.cwd, path));
  const { script, sha256 } = composeScript(plan);
  context.out.result({ digest, sha256, script }, () => script.trimEnd());
  return EXIT.ok;
}
