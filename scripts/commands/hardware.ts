import { TrainerError } from '../errors.ts';
import { readCatalogue } from '../jobs/hf/catalogue.ts';
import { thisMachine } from '../jobs/local/machine.ts';
import type { Flavor } from '../plan/flavor.ts';
import type { Request } from '../plan/request.ts';
import { answerTokens } from '../planner/lengths.ts';
import { methodRecipe } from '../planner/method-recipe.ts';
import { type Candidate, candidateFor, cents, choose, type SearchInput, search, targetOf } from '../planner/search.ts';
import { SNAPSHOT } from '../planner/snapshot.ts';
import { overBudget } from './budget.ts';
import type { CommandContext } from './context.ts';

export interface ChosenHardware {
  chosen: Candidate;
  alternatives: Candidate[];
  /** Everything on which the work fits, cheapest first; empty on this machine. */
  fitting: Candidate[];
  price: { source: 'live' | 'snapshot' | 'free'; as_of: string | null };
  notes: string[];
}

/**
 * The machine to run on. Throws TrainerError `usage` for an unknown flavor or where nothing fits, `approval`
 * where what fits could bill more than --max-cost.
 */
export async function chooseHardware(
  input: SearchInput,
  request: Request,
  context: CommandContext,
): Promise<ChosenHardware> {
  return input.backend === 'local' ? onThisMachine(input, request, context) : onJobs(input, request, context);
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
  if (!chosen) throw nothingFits(input, `this machine (${machine.label})`);
  return { chosen, alternatives: [], fitting: [], price: { source: 'free', as_of: null }, notes: [] };
}

async function onJobs(input: SearchInput, request: Request, context: CommandContext): Promise<ChosenHardware> {
  const { flavors, price, notes } = await catalogue(context);
  const fitting = search(input, flavors);
  const affordable = fitting.filter(
    (candidate) => cents(candidate.max_usd) <= (request.maxCost ?? Number.POSITIVE_INFINITY),
  );
  const chosen =
    request.flavor === undefined || request.flavor === 'auto'
      ? choose(affordable)
      : named(request.flavor, input, flavors, request.maxCost);
  if (!chosen) {
    const cheapest = [...fitting].sort((a, b) => a.max_usd - b.max_usd)[0];
    if (!cheapest) throw nothingFits(input, 'any single accelerator of Hugging Face Jobs');
    throw overBudget(cents(cheapest.max_usd), request.maxCost ?? 0);
  }
  return { chosen, alternatives: alternativesTo(chosen, affordable), fitting, price, notes };
}

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

/** Live, or the dated snapshot where the Hub can't be reached: good for a plan, not for `submit`. */
async function catalogue(
  context: CommandContext,
): Promise<Pick<ChosenHardware, 'price' | 'notes'> & { flavors: readonly Flavor[] }> {
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

function named(name: string, input: SearchInput, flavors: readonly Flavor[], maxCost?: number): Candidate {
  const flavor = flavors.find((other) => other.name === name);
  if (!flavor) {
    throw new TrainerError(
      'usage',
      'unknown_flavor',
      `there is no flavor "${name}"`,
      `There are: ${flavors.map((other) => other.name).join(', ')}. Without --flavor the plan chooses.`,
    );
  }
  if (flavor.accelerators > 1) {
    throw new TrainerError(
      'usage',
      'several_accelerators',
      `${name} has ${flavor.accelerators} accelerators, and a plan uses one: the others would be paid for and idle`,
      'Choose a flavor with one accelerator, or leave --flavor out.',
    );
  }
  const candidate = candidateFor(input, flavor, targetOf(flavor));
  if (!candidate) throw nothingFits(input, name);
  if (maxCost !== undefined && cents(candidate.max_usd) > maxCost) throw overBudget(cents(candidate.max_usd), maxCost);
  return candidate;
}

/** What takes less memory than this, in the words of the flags. */
const SMALLER = { full: ['--lora on'], lora: ['--lora qlora'], qlora: [] };

function nothingFits(input: SearchInput, where: string): TrainerError {
  const smaller = SMALLER[input.modes.at(-1) ?? 'qlora'];
  const needs = input.modes.includes('qlora') ? '; QLoRA needs a CUDA GPU that computes in bf16' : '';
  const shorter = input.max_length > 512 ? [shorterBy(input)] : [];
  const weights = Math.round((2 * input.work.facts.parameters) / 2 ** 30);
  return new TrainerError(
    'usage',
    'nothing_fits',
    `training ${input.work.facts.id} with ${input.modes.join(' or ')} on sequences of ${input.max_length} tokens does not fit ${where}: its weights alone take ${weights} GiB in 16 bits${needs}`,
    `Try ${[...smaller, ...shorter, 'a smaller model'].join(', or ')}. Several accelerators for one run are not planned.`,
  );
}

/** Where prompts are answered, the answers are what can be shortened. */
function shorterBy({ work, max_length }: SearchInput): string {
  if (work.report.vision) return 'smaller pictures';
  return methodRecipe(work.method).generation === null
    ? `--max-length ${Math.floor(max_length / 2)}`
    : `--set max_completion_length=${Math.ceil(answerTokens(work) / 2)}`;
}
