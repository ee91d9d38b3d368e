import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import { ensureEnvironment } from '../jobs/local/environment.ts';
import { findPython } from '../jobs/local/python.ts';
import { run } from '../jobs/local/run.ts';
import { type Reward, rewardName } from '../plan/reward.ts';
import { preview } from '../printable.ts';
import { EXCLUDE_NEWER, REQUIRES_PYTHON } from '../training/requirements.ts';
import { composeRewardTrial } from '../training/reward-trial.ts';
import type { CommandContext } from './context.ts';

/** Longer than this no reward may take for eight rows. */
const PATIENCE_MS = 300_000;

const Tried = z.object({
  name: z.string(),
  rows: z.number(),
  /** Mean scores; null where the data have no right answer. */
  right: z.number().nullable(),
  wrong: z.number().nullable(),
});
export type Tried = z.infer<typeof Tried>;

const Said = z.union([
  z.object({ tried: z.array(Tried) }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);

/** What only this machine lacks: the job tries the reward again before it loads the model. */
const ONLY_HERE = ['reward_needs_module', 'no_sandbox'];

/**
 * Rewards on rows as the trainer sees them, run on this machine. `untried` says why that was not possible here.
 * Throws TrainerError `usage` for a reward that fails or returns something else than scores, `data` for one that
 * can't tell right from wrong on these rows.
 */
export async function tryRewards(
  rewards: readonly Reward[],
  rows: readonly object[],
  context: CommandContext,
): Promise<{ tried: Tried[] } | { untried: string }> {
  const { script, dependencies } = composeRewardTrial(rewards);
  let python: string[];
  try {
    python = await pythonWith(dependencies, context);
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    return { untried: error.message };
  }
  const said = await runTrial(python, script, { rewards, rows }, context);
  if ('tried' in said) return said;
  const { code, message } = said.error;
  if (ONLY_HERE.includes(code)) return { untried: message };
  const kind = ['reward_cannot_tell', 'reward_scores_nothing'].includes(code) ? 'data' : 'usage';
  throw new TrainerError(
    kind,
    code,
    preview(message, 500),
    kind === 'data'
      ? 'Check the column that it compares with (--reward name:column=...), or take another reward. For one that isn’t about right and wrong: column=none.'
      : 'Mend the reward, then run the same command again.',
  );
}

/**
 * Where no packages are needed, the machine's own Python without those that it has: nothing is installed for it, and
 * the job won't have them. What is installed is said.
 */
async function pythonWith(dependencies: string[], { home, env, out, signal }: CommandContext): Promise<string[]> {
  if (dependencies.length === 0) {
    const own = await findPython(env).catch(() => null);
    if (own) return [own.command, ...own.args, '-I', '-S'];
  }
  const wanted = { dependencies, requiresPython: REQUIRES_PYTHON, excludeNewer: EXCLUDE_NEWER, gpu: false };
  const { python } = await ensureEnvironment({ ...wanted, home, env, signal, say: out.say });
  return [python];
}

async function runTrial(
  [python = '', ...flags]: readonly string[],
  script: string,
  told: { rewards: readonly Reward[]; rows: readonly object[] },
  { env, signal }: CommandContext,
): Promise<z.infer<typeof Said>> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-llm-trainer-reward-'));
  const [file, given, result] = ['reward.py', 'given.json', 'result.json'].map((name) => join(folder, name));
  const late = AbortSignal.timeout(PATIENCE_MS);
  try {
    await writeFile(String(file), script);
    await writeFile(String(given), JSON.stringify(told));
    const args = [...flags, String(file), String(given), String(result)];
    const { code, stderr } = await run(python, args, { env, signal: AbortSignal.any([signal, late]) });
    const text = await readFile(String(result), 'utf8').catch(() => null);
    const said = text === null ? null : Said.safeParse(JSON.parse(text));
    if (said?.success) return said.data;
    return { error: { code: 'reward_fails', message: `the trial ended with ${code}: ${stderr.slice(-300)}` } };
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    const names = told.rewards.map(rewardName).join(', ');
    return { error: { code: 'reward_slow', message: `${names}: no score after ${PATIENCE_MS / 1000} seconds` } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
