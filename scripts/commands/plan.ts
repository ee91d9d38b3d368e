import { resolve } from 'node:path';
import { EXIT, TrainerError } from '../errors.ts';
import { renderCard } from '../output/card.ts';
import { readPlanFile, writePlanFile } from '../plan/file.ts';
import { isOnline, PLANNED } from '../plan/methods.ts';
import { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import { parseOverrides } from '../planner/overrides.ts';
import { methodAsked } from './choose-method.ts';
import type { CommandContext } from './context.ts';
import { makePlan } from './make-plan.ts';
import { absoluteRewards } from './reward-flags.ts';
import { sameAgain } from './same-plan.ts';

type Flags = Partial<Omit<Request, 'set'>> & { from?: string; out?: string; set?: string[]; json?: boolean };

/** `plan`: builds a plan, writes its file, shows the review card. */
export async function planCommand(flags: Flags, context: CommandContext): Promise<number> {
  const { from, out: outPath, set, json: _, ...given } = flags;
  const base = from === undefined ? null : (await readPlanFile(resolve(context.cwd, from))).plan;
  if (given.reward) given.reward = absoluteRewards(given.reward, context.cwd);
  const { request, flavor } = mergeRequest(base, given);
  const overrides = { ...request.set, ...parseOverrides(set ?? [], methodAsked(request)) };
  if (Object.keys(overrides).length > 0) request.set = overrides;
  const made = await makePlan(request, context, base && { plan: base, flavor });
  const unchanged = Object.keys(given).length === 0 && (set ?? []).length === 0;
  const { plan, digest, demo } = base && unchanged ? sameAgain(base, made) : made;
  const path = resolve(context.cwd, outPath ?? `${plan.output.trackio.run_name}.plan.json`);
  await writePlanFile(path, plan);
  const { estimate, alternatives } = plan;
  const card = renderCard(plan, digest, path, demo);
  const priced = { ...estimate, price_as_of: plan.made.price_as_of };
  context.out.result(
    { digest, path, plan, estimate: priced, alternatives, ...(demo && !('none' in demo) ? { demo } : {}), card },
    () => card,
  );
  return EXIT.ok;
}

/**
 * Flags over the plan they start from. What that plan chose by itself (the hardware, by the data the method) stays
 * unless they say otherwise: `flavor` is that hardware, for nobody asked for it.
 */
function mergeRequest(base: Plan | null, given: Partial<Request>): { request: Request; flavor: string | undefined } {
  if (given.epochs !== undefined && given.maxSteps !== undefined) {
    throw new TrainerError(
      'usage',
      'epochs_and_steps',
      `--epochs ${given.epochs} and --max-steps ${given.maxSteps} both say how long to train`,
      'Give one of them.',
    );
  }
  const kept: Partial<Request> = base ? { ...base.request } : {};
  if (given.backend === 'local') {
    delete kept.flavor;
    delete kept.bucket;
  }
  if (given.epochs !== undefined) delete kept.maxSteps;
  if (given.maxSteps !== undefined) delete kept.epochs;
  if (base && given.dataset === undefined) kept.method = PLANNED.find((method) => method === base.method);
  if (given.method !== undefined && !isOnline(given.method)) delete kept.reward;
  const merged: Partial<Request> = { ...kept, ...given };
  if (merged.backend === 'local' && merged.bucket !== undefined) {
    throw new TrainerError(
      'usage',
      'bucket_needs_jobs',
      '--bucket is for jobs on the Hub: on this machine checkpoints stay in the folder of the model',
      'Leave --bucket out, or plan with --backend hf.',
    );
  }
  const sameMachine = base?.hardware.backend === 'hf' && given.backend === undefined && given.model === undefined;
  const flavor = sameMachine && merged.flavor === undefined ? base.hardware.flavor : undefined;
  if (merged.flavor === 'auto') delete merged.flavor;
  if (!merged.model || !merged.dataset) {
    const missing = [!merged.model && '--model', !merged.dataset && '--dataset'].filter(Boolean).join(' and ');
    throw new TrainerError(
      'usage',
      'missing_flag',
      `plan needs ${missing}`,
      'hf-llm-trainer plan --model <model> --dataset <dataset>, or --from <plan.json>',
    );
  }
  return { request: Request.parse(merged), flavor };
}
