import { openDataset } from '../dataset/validate.ts';
import { LEAST_SECONDS } from '../jobs/allowance.ts';
import type { Demo, NoDemo } from '../output/demo-line.ts';
import { planDigest } from '../plan/digest.ts';
import type { Request } from '../plan/request.ts';
import type { Plan } from '../plan/schema.ts';
import { assemblePlan } from './assemble-plan.ts';
import type { CommandContext } from './context.ts';
import { demoOf } from './demo.ts';
import { chooseDestinations, noToken } from './destinations.ts';
import { chooseHardware } from './hardware.ts';
import { checkAdapter, checkTimeout, tooShort } from './plan-refusals.ts';
import { catalogue } from './prices.ts';
import { opening, readInputs } from './read-inputs.ts';
import { chooseRun } from './run-choices.ts';

export interface MadePlan {
  plan: Plan;
  digest: string;
  /** The same on a few rows, or why that is not worth it; null for a run that costs little. */
  demo: Demo | NoDemo | null;
}

/** The plan that another one starts from, and its flavor where the other is to run there as well. */
export interface Base {
  plan: Plan;
  flavor: string | undefined;
}

/**
 * From what a person asked for to a plan: reads the model, the data and the hardware, decides, and composes
 * the script. A plan that starts from another keeps the commit of the same model; data are read as they are now.
 */
export async function makePlan(request: Request, context: CommandContext, from: Base | null = null): Promise<MadePlan> {
  const { hub, out } = context;
  const onHub = (request.backend ?? 'hf') === 'hf';
  if (onHub && !hub.token) throw noToken();
  if (onHub && (request.timeout ?? LEAST_SECONDS) < LEAST_SECONDS) throw tooShort(request.timeout);

  // Asked for at once, awaited where it is needed: no answer waits for another.
  const opened = ahead(openDataset(opening(request, context)));
  const priced = onHub ? ahead(catalogue(context)) : null;
  const placed = onHub || request.outputRepo ? ahead(chooseDestinations(request, context)) : null;

  const inputs = await readInputs(request, context, { base: from?.plan ?? null, opened });
  const run = chooseRun(inputs.work, request);
  out.progress('looking at the hardware');
  const kept = from?.flavor;
  const hardware = await chooseHardware(run.search, { ...request, flavor: request.flavor ?? kept }, context, priced);
  checkTimeout(request, hardware.chosen, run.search.backend);
  const destinations = await placed;
  out.progress('');
  checkAdapter(request, hardware.chosen, inputs);

  const plan = assemblePlan({ request, inputs, run, hardware, kept, destinations }, context);
  return { plan, digest: planDigest(plan), demo: demoOf(run.search, hardware, inputs.dataset) };
}

/** What fails is said where it is awaited, or not at all where the plan fails before. */
function ahead<T>(asked: Promise<T>): Promise<T> {
  asked.catch(() => undefined);
  return asked;
}
