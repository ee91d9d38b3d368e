import type { Candidate } from './search.ts';

/** Of the cheapest run's price. */
const HARDLY_MORE = 1.15;
/** Seconds. */
export const WORKING_DAY = 8 * 3600;

/**
 * The one to take. First of all weights and LoRA on one accelerator, then on several, then QLoRA in that order: several
 * cost more to start, and their time is less certain. But where one would take longer than a working day, several that
 * cost hardly more and take less than half the time.
 */
export function choose(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  for (const quantized of [false, true]) {
    const same = cheapestFirst.filter(({ recipe }) => (recipe.mode === 'qlora') === quantized);
    const one = cheapest(same.filter(({ flavor }) => !(flavor.accelerators > 1)));
    const several = cheapest(same.filter(({ flavor }) => flavor.accelerators > 1));
    const better = one && several && one.seconds > WORKING_DAY && clearlyFaster(several, one);
    if (one || several) return better ? several : (one ?? several);
  }
  return undefined;
}

/**
 * The cheapest, or the fastest of those that cost hardly more and take less than half the time. The estimates are no
 * finer than that, and somebody waits.
 */
function cheapest(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  const [first] = cheapestFirst;
  if (!first) return undefined;
  const faster = cheapestFirst.filter((one) => clearlyFaster(one, first)).sort((a, b) => a.seconds - b.seconds);
  return faster[0] ?? first;
}

const clearlyFaster = (one: Candidate, other: Candidate): boolean =>
  one.usd <= HARDLY_MORE * other.usd && one.seconds < other.seconds / 2;
