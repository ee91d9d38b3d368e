import type { Candidate } from './candidate.ts';

/** Of the cheapest run's price. */
export const HARDLY_MORE = 1.1;
/** Of a run longer than a working day: waiting for it costs, too. */
export const WORTH_A_DAY = 1.5;
/** All weights learn the most, and an adapter hardly less: what they may cost against it. */
export const WORTH_ALL_WEIGHTS = 1.5;
/** So many times as fast is worth a little more. */
export const CLEARLY_FASTER = 2;
/** Seconds. */
export const WORKING_DAY = 8 * 3600;

/** What ends before it is stopped surely may cost so much more than what likely does. */
const WORTH_BEING_SURE = 1.5;

/** The one to take: of what ends before it is stopped, if anything does. */
export function choose(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  const sure = best(cheapestFirst.filter(({ in_time }) => in_time === 'surely'));
  const likely = best(cheapestFirst.filter(({ in_time }) => in_time !== 'no'));
  if (sure && likely && sure.usd <= WORTH_BEING_SURE * likely.usd) return sure;
  return likely ?? best(cheapestFirst);
}

/**
 * First of all weights and LoRA on one accelerator, then on several, then QLoRA in that order: several
 * cost more to start, and their time is less certain. But where one would take longer than a working day, several that
 * cost hardly more and take less than half the time. All weights where they fit for at most half more than LoRA costs.
 */
function best(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  for (const quantized of [false, true]) {
    const same = cheapestFirst.filter(({ recipe }) => (recipe.mode === 'qlora') === quantized);
    const one = worthIt(same.filter(({ flavor }) => !(flavor.accelerators > 1)));
    const several = worthIt(same.filter(({ flavor }) => flavor.accelerators > 1));
    const like = one?.recipe.mode !== 'full' || several?.recipe.mode === 'full';
    const better = one && several && like && one.seconds > WORKING_DAY && clearlyFaster(several, one);
    if (one || several) return better ? several : (one ?? several);
  }
  return undefined;
}

/** The best of what fits, or all weights where it is LoRA and they cost little more. */
function worthIt(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  const first = cheapest(cheapestFirst);
  if (first?.recipe.mode !== 'lora') return first;
  const full = cheapest(cheapestFirst.filter(({ recipe }) => recipe.mode === 'full'));
  return full && full.usd <= WORTH_ALL_WEIGHTS * first.usd ? full : first;
}

/**
 * The cheapest, or the fastest of those that cost hardly more and take less than half the time. The estimates are no
 * finer than that, and somebody waits. Where the cheapest takes longer than a working day, half more is worth it.
 */
function cheapest(cheapestFirst: readonly Candidate[]): Candidate | undefined {
  const [first] = cheapestFirst;
  if (!first) return undefined;
  const worth = first.seconds > WORKING_DAY ? WORTH_A_DAY : HARDLY_MORE;
  const faster = cheapestFirst.filter((one) => clearlyFaster(one, first, worth)).sort((a, b) => a.seconds - b.seconds);
  return faster[0] ?? first;
}

const clearlyFaster = (one: Candidate, other: Candidate, worth = HARDLY_MORE): boolean =>
  one.usd <= worth * other.usd && one.seconds < other.seconds / CLEARLY_FASTER;
