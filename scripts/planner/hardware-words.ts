import { KEPT_FLAVOR } from '../plan/flavor.ts';
import { cents } from './rounding.ts';
import { affordable, type Candidate } from './search/candidate.ts';
import { CLEARLY_FASTER, HARDLY_MORE } from './search/choose.ts';
import type { Decision } from './workload.ts';

export interface HardwareChoice {
  chosen: Candidate;
  /** Everything on which the work fits, cheapest first; empty on this machine. */
  fitting: readonly Candidate[];
  /** The modes that were tried, best first, and why. */
  modes: readonly Candidate['recipe']['mode'][];
  why: string;
  /** The flavor that was asked for, if one was. */
  asked: string | undefined;
  /** The flavor of the plan that this one starts from, if it stays. */
  kept: string | undefined;
  /** USD, if a cap was given. */
  maxCost: number | undefined;
}

const WITHIN_BUDGET = 'the cheapest whose timeout stays within --max-cost';
const IN_TIME = 'the cheapest that ends before --timeout, or is the likelier to';
const ONE_OVER_BUDGET = 'one accelerator alone could bill more than --max-cost';

const MODE = { full: 'all weights', lora: 'LoRA', qlora: 'QLoRA' };

/** Why all weights or an adapter, and why on this flavor, for the card. */
export function hardwareDecisions(choice: HardwareChoice): Decision[] {
  const { chosen, fitting } = choice;
  const { mode } = chosen.recipe;
  const decisions = [{ what: MODE[mode], because: whyMode(choice) }];
  if (fitting.length > 0) decisions.push({ what: `on ${chosen.flavor.name}`, because: whyFlavor(choice) });
  return decisions;
}

function whyMode(choice: HardwareChoice): string {
  const { chosen, fitting, modes, why, asked, kept } = choice;
  const [best] = modes;
  const { mode } = chosen.recipe;
  if (mode === best) return mode === 'full' ? `${why}${besideLora(chosen, fitting)}` : why;
  const four = mode === 'qlora' ? '; 4 bits are slower and learn a little less' : '';
  const better = fitting.filter(({ recipe }) => rank(recipe.mode) < rank(mode));
  const same = better.find(({ flavor }) => flavor.name === chosen.flavor.name);
  if (same) return `${MODE[same.recipe.mode]} would take ${takes(same)} there, ${tooMuch(same, choice)}${four}`;
  const [dearer] = better.filter(({ recipe }) => recipe.mode === (mode === 'qlora' ? 'lora' : best));
  if (mode === 'qlora') {
    const named = asked !== undefined || kept !== undefined;
    if (named) return `LoRA does not fit ${chosen.flavor.name}${four}`;
    if (!dearer) return `LoRA fits no hardware here${four}`;
    return `LoRA would take ${takes(dearer)} on ${dearer.flavor.name}, ${tooMuch(dearer, choice)}${four}`;
  }
  return dearer
    ? `all weights need a bigger accelerator: on ${dearer.flavor.name} they would take ${takes(dearer)}, LoRA takes ${takes(chosen)} here`
    : 'training all weights fits no hardware here';
}

/** Of money, or of time where a timeout was asked for. */
const tooMuch = (one: Candidate, { chosen, maxCost }: HardwareChoice): string =>
  affordable(maxCost)(one) && one.in_time !== chosen.in_time ? 'too long for --timeout' : 'more than the budget';

/** What an adapter would have saved, where all weights cost more than it. */
function besideLora(chosen: Candidate, fitting: readonly Candidate[]): string {
  const lora = fitting.find(({ recipe, usd }) => recipe.mode === 'lora' && cents(usd) < cents(chosen.usd));
  return lora ? `; LoRA on ${lora.flavor.name} would take ${takes(lora)}` : '';
}

/** `dear`: what LoRA would take. */
function whyFlavor({ chosen, fitting, asked, kept, maxCost }: HardwareChoice): string {
  if (asked !== undefined) return 'asked for';
  if (kept !== undefined) return KEPT_FLAVOR;
  // QLoRA is no match for what fits as LoRA, however cheap, nor LoRA for all weights, nor several accelerators for one.
  const like = fitting.filter(({ recipe }) => rank(recipe.mode) <= rank(chosen.recipe.mode));
  const several = chosen.flavor.accelerators > 1;
  const single = like.filter(({ flavor }) => flavor.accelerators === 1);
  const others = like.filter(
    ({ flavor }) => flavor.name !== chosen.flavor.name && (several || !(flavor.accelerators > 1)),
  );
  const cheaper = others.filter(({ usd }) => cents(usd) < cents(chosen.usd));
  const within = cheaper.filter(affordable(maxCost));
  const late = within.find(({ in_time }) => in_time !== chosen.in_time);
  if (late) return `${IN_TIME}; ${late.flavor.name} would take ${takes(late)}`;
  if (several && single.length > 0) {
    const one = single.find(affordable(maxCost));
    return one ? `one accelerator would take ${takes(one)}, on ${one.flavor.name}` : ONE_OVER_BUDGET;
  }
  const [cheapest] = within;
  if (cheapest) return `${whyDearer(chosen, cheapest)} on ${cheapest.flavor.name}: ${takes(cheapest)} there`;
  if (cheaper.length > 0) return WITHIN_BUDGET;
  const [small] = others
    .filter(({ flavor }) => flavor.usd_per_hour < chosen.flavor.usd_per_hour)
    .sort((a, b) => a.flavor.usd_per_hour - b.flavor.usd_per_hour);
  const least = `${several ? `no single accelerator is enough for ${MODE[chosen.recipe.mode]}; of several, ` : ''}it costs least in all`;
  if (small) return `${least}; ${small.flavor.name} costs less an hour, but takes ${takes(small)}`;
  const [next] = others;
  if (next) return `${least}; next is ${next.flavor.name}, ${takes(next)}`;
  return like.length > 1 ? 'no other single accelerator fits' : 'nothing else fits';
}

/** What costs more than the cheapest is faster. */
function whyDearer(chosen: Candidate, cheapest: Candidate): string {
  const half = cheapest.seconds > CLEARLY_FASTER * chosen.seconds;
  const time = half ? 'less than half the time' : 'less time';
  if (chosen.usd <= HARDLY_MORE * cheapest.usd) return `${time} for little more than`;
  return half ? `${time} it would take` : `${time} than`;
}

/** The best first. */
export const rank = (mode: Candidate['recipe']['mode']): number => ['full', 'lora', 'qlora'].indexOf(mode);

/** `52 min for $2.21`. */
export const takes = ({ seconds, usd }: Candidate): string =>
  `${seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`} for $${cents(usd).toFixed(2)}`;
