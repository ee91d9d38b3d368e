import { TrainerError } from '../errors.ts';
import { readCatalogue } from '../jobs/hf/catalogue.ts';
import { thisMachine } from '../jobs/local/machine.ts';
import type { Flavor } from '../plan/flavor.ts';
import type { Request } from '../plan/request.ts';
import type { Candidate, SearchInput } from '../planner/candidate.ts';
import { choose } from '../planner/choose.ts';
import { cents } from '../planner/rounding.ts';
import { candidateFor, search, targetOf } from '../planner/search.ts';
import { SNAPSHOT } from '../planner/snapshot.ts';
import { allOverBudget, overBudget } from './budget.ts';
import type { CommandContext } from './context.ts';
import { nothingFits } from './nothing-fits.ts';

export interface ChosenHardware {
  chosen: Candidate;
  alternatives: Candidate[];
  /** Everything on which the work fits, cheapest first; empty on this machine. */
  fitting: Candidate[];
  price: { source: 'live' | 'snapshot' | 'free'; as_of: string | null };
  notes: string[];
}

/**
 * The machine to run on: of the catalogue, or with none this one. Throws TrainerError `usage` for an unknown flavor or
 * where nothing fits, `approval` where what fits could bill more than --max-cost.
 */
export async function chooseHardware(
  input: SearchInput,
  request: Request,
  context: CommandContext,
  priced: Promise<Priced> | null,
): Promise<ChosenHardware> {
  return priced === null ? onThisMachine(input, request, context) : onJobs(input, request, await priced);
}

async function onThisMachine(input: SearchInput, request: Request, context: CommandContext): Promise<ChosenHardware> {
  if (request.flavor !== undefined) {
    throw new TrainerError(
      'usage',
      'flavor_on_local',
      `--flavor ${request.flavor} is for --backend hf`,
      'Leave --flavor out.',
    );
  }
  const machine = await thisMachine(context);
  const flavor: Flavor = {
    name: machine.kind,
    label: machine.label,
    accelerator: machine.kind === 'cpu' ? null : machine.label,
    accelerators: machine.kind === 'cpu' ? 0 : 1,
    gpu_memory_gib: machine.gpu_memory_gib,
    cpus: machine.cpus,
    ram_gib: machine.ram_gib,
    // What is free changes by the minute, and the same plan has the same digest. `doctor` looks at it.
    disk_gib: null,
    usd_per_hour: 0,
  };
  const target =
    machine.kind === 'cuda' ? targetOf(flavor, machine.compute_capability) : { kind: machine.kind, bf16: false };
  const chosen = candidateFor(input, flavor, target);
  if (!chosen) {
    const fits = (other: SearchInput): boolean => candidateFor(other, flavor, target) !== null;
    throw nothingFits(input, `this machine (${machine.label})`, { fits, bf16: target.bf16, flavors: [flavor] });
  }
  return { chosen, alternatives: [], fitting: [], price: { source: 'free', as_of: null }, notes: [] };
}

function onJobs(input: SearchInput, request: Request, { flavors, price, notes }: Priced): ChosenHardware {
  const fitting = search(input, flavors);
  const within = (candidates: readonly Candidate[]): Candidate[] => candidates.filter(affordable(request.maxCost));
  const chosen =
    request.flavor === undefined || request.flavor === 'auto'
      ? (choose(within(fitting)) ?? choose(within(adapters(input, flavors))))
      : named(request.flavor, input, { flavors, fitting, maxCost: request.maxCost });
  if (!chosen) {
    const [cheapest] = [...fitting, ...adapters(input, flavors)].sort((a, b) => a.max_usd - b.max_usd);
    const fits = (other: SearchInput): boolean => search(other, flavors).length > 0;
    const bf16 = flavors.some((flavor) => targetOf(flavor).bf16);
    if (!cheapest) throw nothingFits(input, 'any flavor of Hugging Face Jobs', { fits, bf16, flavors });
    throw allOverBudget(cheapest, request.maxCost ?? 0);
  }
  return { chosen, alternatives: alternativesTo(chosen, within(fitting)), fitting, price, notes };
}

/** By the most that it can bill. */
const affordable =
  (maxCost = Number.POSITIVE_INFINITY) =>
  (candidate: Candidate): boolean =>
    cents(candidate.max_usd) <= maxCost;

/** The same work without the best mode, then without the next: an adapter costs less than all weights. */
const cheaperModes = (input: SearchInput): SearchInput[] =>
  input.modes.slice(1).map((_, at) => ({ ...input, modes: input.modes.slice(at + 1) }));

const adapters = (input: SearchInput, flavors: readonly Flavor[]): Candidate[] =>
  cheaperModes(input).flatMap((other) => search(other, flavors));

/** The ways to run it on one flavor, the best mode first; none where nothing fits. */
function waysOn(flavor: Flavor, input: SearchInput): Candidate[] {
  const on = (other: SearchInput): Candidate | null => candidateFor(other, flavor, targetOf(flavor));
  const best = on(input);
  return best ? [best, ...cheaperModes(input).flatMap((other) => on(other) ?? [])] : [];
}

/** How it runs on this flavor of Jobs within the budget, if it does. */
export const plannedOn = (flavor: Flavor, input: SearchInput, maxCost: number | undefined): Candidate | undefined =>
  waysOn(flavor, input).find(affordable(maxCost));

/** What costs more must save time worth having. */
const WORTH_MORE = 0.7;

/** The two cheapest others and the fastest: of those that cost less, or take much less time. */
export function alternativesTo(chosen: Candidate, cheapestFirst: readonly Candidate[]): Candidate[] {
  const others = cheapestFirst.filter(
    ({ flavor, usd, seconds }) =>
      flavor.name !== chosen.flavor.name && (cents(usd) < cents(chosen.usd) || seconds < WORTH_MORE * chosen.seconds),
  );
  const fastest = [...others].sort((a, b) => a.seconds - b.seconds)[0];
  return [...new Set([others[0], others[1], fastest])].filter((candidate) => candidate !== undefined);
}

/** The flavors of Jobs with their prices. */
interface Priced extends Pick<ChosenHardware, 'price' | 'notes'> {
  flavors: readonly Flavor[];
}

/** Live, or the dated snapshot where the Hub can't be reached: good for a plan, not for `submit`. */
export async function catalogue(context: CommandContext): Promise<Priced> {
  try {
    const { flavors, notes } = await readCatalogue(context.hub);
    return { flavors, notes, price: { source: 'live', as_of: context.now().toISOString() } };
  } catch (error) {
    if (!(error instanceof TrainerError) || error.kind !== 'network') throw error;
    return {
      flavors: SNAPSHOT.flavors,
      price: { source: 'snapshot', as_of: SNAPSHOT.as_of },
      notes: [
        `The catalogue can't be reached (${error.message}): prices are those of ${SNAPSHOT.as_of}. submit reads it again.`,
      ],
    };
  }
}

function named(
  name: string,
  input: SearchInput,
  {
    flavors,
    fitting,
    maxCost,
  }: { flavors: readonly Flavor[]; fitting: readonly Candidate[]; maxCost: number | undefined },
): Candidate {
  const flavor = flavors.find((other) => other.name === name);
  if (!flavor) {
    throw new TrainerError(
      'usage',
      'unknown_flavor',
      `there is no flavor "${name}"`,
      `There are: ${flavors.map((other) => other.name).join(', ')}. Without --flavor the plan chooses.`,
    );
  }
  const ways = waysOn(flavor, input);
  if (ways.length === 0) {
    const fits = (other: SearchInput): boolean => waysOn(flavor, other).length > 0;
    const { bf16 } = targetOf(flavor);
    throw nothingFits(input, name, { fits, other: choose(fitting), bf16, flavors: [flavor] });
  }
  const chosen = ways.find(affordable(maxCost));
  if (chosen) return chosen;
  const others = [fitting, adapters(input, flavors)].map((all) => choose(all.filter(affordable(maxCost))));
  throw overBudget(Math.min(...ways.map(({ max_usd }) => cents(max_usd))), maxCost ?? 0, others[0] ?? others[1]);
}
