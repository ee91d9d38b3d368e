import { TrainerError } from '../errors.ts';
import { thisMachine } from '../jobs/local/machine.ts';
import type { Flavor } from '../plan/flavor.ts';
import type { Request } from '../plan/request.ts';
import { unknownCard } from '../planner/hardware/unknown-card.ts';
import { cents } from '../planner/rounding.ts';
import { affordable, type Candidate, type SearchInput } from '../planner/search/candidate.ts';
import { choose } from '../planner/search/choose.ts';
import { candidateFor, search, targetOf } from '../planner/search.ts';
import { allOverBudget, overBudget } from './budget.ts';
import type { CommandContext } from './context.ts';
import { noGpuLeft, unknownFlavor, withLeftOut } from './flavor-errors.ts';
import { nothingFits } from './nothing-fits.ts';
import type { Priced } from './prices.ts';

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
 * where nothing fits, `approval` where what fits could bill more than --max-cost, `network` where the catalogue tells
 * of no GPU what is needed.
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
    throw nothingFits(input, `this machine (${machine.label})`, { fits, tried: [{ flavor, target }] });
  }
  const notes = machine.kind === 'cuda' ? unknownCard(flavor, machine.compute_capability) : [];
  return { chosen, alternatives: [], fitting: [], price: { source: 'free', as_of: null }, notes };
}

function onJobs(input: SearchInput, request: Request, priced: Priced): ChosenHardware {
  const { flavors, leftOut, price } = priced;
  const fitting = search(input, flavors);
  const within = (candidates: readonly Candidate[]): Candidate[] => candidates.filter(affordable(request.maxCost));
  const chosen =
    request.flavor === undefined
      ? ofAll(input, { flavors, fitting, maxCost: request.maxCost })
      : named(request.flavor, input, { ...priced, fitting, maxCost: request.maxCost });
  if (!chosen) {
    const [cheapest] = [...fitting, ...adapters(input, flavors)].sort((a, b) => a.max_usd - b.max_usd);
    if (cheapest) throw withLeftOut(allOverBudget(cheapest, request.maxCost ?? 0), leftOut);
    if (leftOut.length > 0 && !flavors.some(({ accelerators }) => accelerators > 0)) throw noGpuLeft(leftOut);
    const fits = (other: SearchInput): boolean => search(other, flavors).length > 0;
    const tried = flavors.map((flavor) => ({ flavor, target: targetOf(flavor) }));
    throw withLeftOut(nothingFits(input, 'any flavor of Hugging Face Jobs', { fits, tried }), leftOut);
  }
  const notes = [...priced.notes, ...unknownCard(chosen.flavor)];
  return { chosen, alternatives: alternativesTo(chosen, within(fitting)), fitting, price, notes };
}

/**
 * The one to take within the budget. An adapter where all weights would cost too much, or where a timeout that was asked
 * for would stop them before they are trained, or leave time for them alone on what costs more.
 */
function ofAll(
  input: SearchInput,
  {
    flavors,
    fitting,
    maxCost,
  }: Pick<Priced, 'flavors'> & { fitting: readonly Candidate[]; maxCost: number | undefined },
): Candidate | undefined {
  const best = choose(fitting.filter(affordable(maxCost)));
  if (best?.in_time === 'surely') return best;
  const lesser = choose(adapters(input, flavors).filter(affordable(maxCost)));
  if (!best || !lesser) return best ?? lesser;
  const instead =
    best.in_time === 'no' ? lesser.in_time !== 'no' : lesser.in_time === 'surely' && lesser.usd < best.usd;
  return instead ? lesser : best;
}

/** The same work without the best mode, then without the next: an adapter costs less than all weights. */
const cheaperModes = (input: SearchInput): SearchInput[] =>
  input.modes.slice(1).map((_, at) => ({ ...input, modes: input.modes.slice(at + 1) }));

/** Cheapest first. */
const adapters = (input: SearchInput, flavors: readonly Flavor[]): Candidate[] =>
  cheaperModes(input)
    .flatMap((other) => search(other, flavors))
    .sort((a, b) => a.usd - b.usd);

/** The ways to run it on one flavor, the best mode first; none where nothing fits. */
function waysOn(flavor: Flavor, input: SearchInput): Candidate[] {
  const on = (other: SearchInput): Candidate | null => candidateFor(other, flavor, targetOf(flavor));
  const best = on(input);
  return best ? [best, ...cheaperModes(input).flatMap((other) => on(other) ?? [])] : [];
}

/** How it runs on this flavor of Jobs within the budget, if it does. */
export const plannedOn = (flavor: Flavor, input: SearchInput, maxCost: number | undefined): Candidate | undefined =>
  endingFirst(waysOn(flavor, input).filter(affordable(maxCost)));

/** The best mode of those that end before they are stopped, if any does. */
const endingFirst = (ways: readonly Candidate[]): Candidate | undefined =>
  ways.find(({ in_time }) => in_time !== 'no') ?? ways[0];

/** What costs more must save time worth having. */
const WORTH_MORE = 0.7;

/** The two cheapest others, of those that cost less or take much less time, and the fastest of all. */
export function alternativesTo(chosen: Candidate, cheapestFirst: readonly Candidate[]): Candidate[] {
  const others = cheapestFirst.filter(({ flavor }) => flavor.name !== chosen.flavor.name);
  const worth = others.filter(
    ({ usd, seconds }) => cents(usd) < cents(chosen.usd) || seconds < WORTH_MORE * chosen.seconds,
  );
  const fastest = [...others].sort((a, b) => a.seconds - b.seconds).find((one) => minutes(one) < minutes(chosen));
  return [...new Set([worth[0], worth[1], fastest])].filter((candidate) => candidate !== undefined);
}

/** As a card tells them. */
const minutes = ({ seconds }: Candidate): number => Math.round(seconds / 60);

function named(
  name: string,
  input: SearchInput,
  offered: Priced & { fitting: readonly Candidate[]; maxCost: number | undefined },
): Candidate {
  const { flavors, leftOut, fitting, maxCost } = offered;
  const flavor = flavors.find((other) => other.name === name);
  if (!flavor) throw unknownFlavor(name, offered);
  const ways = waysOn(flavor, input);
  if (ways.length === 0) {
    const fits = (other: SearchInput): boolean => waysOn(flavor, other).length > 0;
    const tried = [{ flavor, target: targetOf(flavor) }];
    throw withLeftOut(nothingFits(input, name, { fits, other: choose(fitting), tried }), leftOut);
  }
  const chosen = endingFirst(ways.filter(affordable(maxCost)));
  if (chosen) return chosen;
  const others = [fitting, adapters(input, flavors)].map((all) => choose(all.filter(affordable(maxCost))));
  const least = Math.min(...ways.map(({ max_usd }) => cents(max_usd)));
  throw withLeftOut(overBudget(least, maxCost ?? 0, others[0] ?? others[1]), leftOut);
}
