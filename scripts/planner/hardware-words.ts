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

function whyMode({ chosen, fitting, modes, why, asked, kept }: HardwareChoice): string {
  const [best] = modes;
  const { mode } = chosen.recipe;
  if (mode === best) return mode === 'full' ? `${why}${besideLora(chosen, fitting)}` : why;
  const better = fitting.filter(({ recipe }) => recipe.mode === (mode === 'qlora' ? 'lora' : best));
  const [dearer] = better;
  if (mode === 'qlora')
    return `${whyNotLora(chosen, dearer, asked ?? kept)}; 4 bits are slower and learn a little less`;
  const same = better.find(({ flavor }) => flavor.name === chosen.flavor.name);
  if (same) return `all weights would take ${takes(same)} there, more than the budget`;
  return dearer
    ? `all weights need a bigger accelerator: on ${dearer.flavor.name} they would take ${takes(dearer)}, LoRA takes ${takes(chosen)} here`
    : 'training all weights fits no hardware here';
}

/** What an adapter would have saved, where all weights cost more than it. */
function besideLora(chosen: Candidate, fitting: readonly Candidate[]): string {
  const lora = fitting.find(({ recipe, usd }) => recipe.mode === 'lora' && cents(usd) < cents(chosen.usd));
  return lora ? `; LoRA on ${lora.flavor.name} would take ${takes(lora)}` : '';
}

function whyNotLora({ flavor }: Candidate, dearer: Candidate | undefined, on: string | undefined): string {
  if (on !== undefined && on !== 'auto') return `LoRA does not fit ${flavor.name}`;
  return dearer
    ? `LoRA would take ${takes(dearer)} on ${dearer.flavor.name}, more than the budget`
    : 'LoRA fits no hardware here';
}

function whyFlavor({ chosen, fitting, asked, kept, maxCost }: HardwareChoice): string {
  if (asked !== undefined && asked !== 'auto') return 'asked for';
  if (kept !== undefined) return 'as in the plan that this one starts from';
  // QLoRA is no match for what fits as LoRA, however cheap, nor LoRA for all weights, nor several accelerators for one.
  const like = fitting.filter(({ recipe }) => rank(recipe.mode) <= rank(chosen.recipe.mode));
  const several = chosen.flavor.accelerators > 1;
  const single = like.filter(({ flavor }) => flavor.accelerators === 1);
  if (several && single.length > 0) {
    const one = single.find(affordable(maxCost));
    return one ? `one accelerator would take ${takes(one)}, on ${one.flavor.name}` : ONE_OVER_BUDGET;
  }
  const others = like.filter(
    ({ flavor }) => flavor.name !== chosen.flavor.name && (several || !(flavor.accelerators > 1)),
  );
  const cheaper = others.filter(({ usd }) => cents(usd) < cents(chosen.usd));
  const within = cheaper.filter(affordable(maxCost));
  const late = within.find(({ in_time }) => in_time !== chosen.in_time);
  if (late) return `${IN_TIME}; ${late.flavor.name} would take ${takes(late)}`;
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
