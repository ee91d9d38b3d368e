import type { Flavor } from '../../plan/flavor.ts';
import { billedUsd } from '../../plan/price.ts';
import type { Alternative, Recipe } from '../../plan/schema.ts';
import type { MemoryParts } from '../memory.ts';
import type { Strategy } from '../recipe/launch.ts';
import type { Mode } from '../recipe.ts';
import { cents, round } from '../rounding.ts';
import { type JobTime, timeoutFor } from '../time.ts';
import type { Workload } from '../workload.ts';
import { type InTime, inTime } from './in-time.ts';
import { runTime } from './run-time.ts';

/** One way to run the work: a machine, a recipe that fits it, and what that takes. */
export interface Candidate {
  flavor: Flavor;
  /** How the flavor's accelerators share the work, a process each. */
  strategy: Strategy;
  recipe: Recipe;
  memory: MemoryParts;
  gpu_memory_gib: number;
  tokens: number;
  /** What `seconds` is made of, and how far it may be off. */
  time: JobTime;
  seconds: number;
  usd: number;
  timeout_seconds: number;
  max_usd: number;
  in_time: InTime;
  /** Of a demo, the whole run on this machine, which it is batched, packed and trained like. */
  like?: Candidate;
}

export interface SearchInput {
  work: Workload;
  modes: Mode[];
  backend: 'hf' | 'local';
  max_length: number;
  epochs: number;
  /** Asked for; null to derive it from the estimate. */
  timeout_seconds: number | null;
}

/** What fits, with the time and the money that it takes. */
export function priced(
  input: SearchInput,
  fits: Pick<Candidate, 'flavor' | 'strategy' | 'recipe' | 'memory' | 'gpu_memory_gib'>,
): Candidate {
  const { usd_per_hour } = fits.flavor;
  const { tokens, ...time } = runTime({ ...input, ...fits });
  const timeout_seconds = input.timeout_seconds ?? timeoutFor(time);
  return {
    ...fits,
    tokens,
    time,
    seconds: time.seconds,
    usd: billedUsd(time.seconds, usd_per_hour),
    timeout_seconds,
    max_usd: billedUsd(timeout_seconds, usd_per_hour),
    in_time: inTime(time, input.timeout_seconds),
  };
}

export function toAlternative(candidate: Candidate): Alternative {
  return {
    flavor: candidate.flavor.name,
    recipe: candidate.recipe.mode,
    gpu_memory_gib: round(candidate.gpu_memory_gib, 1),
    seconds: Math.round(candidate.seconds),
    usd: cents(candidate.usd),
  };
}

/** Whether the most that it can bill stays within a cap, USD; without one it does. */
export const affordable =
  (maxCost = Number.POSITIVE_INFINITY) =>
  ({ max_usd }: Candidate): boolean =>
    cents(max_usd) <= maxCost;
