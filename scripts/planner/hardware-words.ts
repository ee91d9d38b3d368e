import { type Candidate, cents } from './search.ts';
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
}

const MODE = { full: 'all weights', lora: 'LoRA', qlora: 'QLoRA' };

/** Why all weights or an adapter, and why on this flavor, for the card. */
export function hardwareDecisions(choice: HardwareChoice): Decision[] {
  const { chosen, fitting } = choice;
  const { mode } = chosen.recipe;
  const decisions = [{ what: MODE[mode], because: whyMode(choice) }];
  if (fitting.length > 0) decisions.push({ what: `on ${chosen.flavor.name}`, because: whyFlavor(choice) });
  return decisions;
}

function whyMode({ chosen, fitting, modes, why }: HardwareChoice): string {
  const [best] = modes;
  if (chosen.recipe.mode === best) return why;
  const dearer = fitting.find(({ recipe }) => recipe.mode === best);
  return dearer
    ? `all weights need a bigger accelerator: on ${dearer.flavor.name} they would take ${takes(dearer)}`
    : 'training all weights fits no hardware here';
}

function whyFlavor({ chosen, fitting, asked, kept }: HardwareChoice): string {
  if (asked !== undefined && asked !== 'auto') return 'asked for';
  if (kept !== undefined) return 'as in the plan that this one starts from';
  const others = fitting.filter(({ flavor }) => flavor.name !== chosen.flavor.name);
  const [cheapest] = others.filter(({ usd }) => usd < chosen.usd);
  if (cheapest && cheapest.seconds > 2 * chosen.seconds) {
    return `less than half the time for little more than on ${cheapest.flavor.name}: ${takes(cheapest)} there`;
  }
  if (cheapest) return 'the cheapest whose timeout stays within --max-cost';
  const [small] = others
    .filter(({ flavor }) => flavor.usd_per_hour < chosen.flavor.usd_per_hour)
    .sort((a, b) => a.flavor.usd_per_hour - b.flavor.usd_per_hour);
  const least = 'the whole run costs least there';
  if (small) return `${least}; ${small.flavor.name} costs less an hour, but takes ${takes(small)}`;
  const [next] = others;
  return next ? `${least}; next is ${next.flavor.name}, ${takes(next)}` : 'nothing else fits';
}

const takes = ({ seconds, usd }: Candidate): string =>
  `${seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`} for $${cents(usd).toFixed(2)}`;
