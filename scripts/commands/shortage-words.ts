import { hasReference } from '../planner/recipe/method-recipe.ts';
import { round } from '../planner/rounding.ts';
import type { SearchInput } from '../planner/search/candidate.ts';
import type { Shortage } from '../planner/search/shortage.ts';
import type { Workload } from '../planner/workload.ts';

/** Of the memory, the share from which a part is named. */
const LEAST_PART = 0.05;

/** What the smallest batch takes by parts, the largest first, and what there is too little of. `tried`: on how many flavors. */
export function shortageWords(
  shortage: Shortage,
  { work, modes }: Pick<SearchInput, 'work' | 'modes'>,
  tried: number,
): string {
  const { flavor, recipe, devices, batch, gib, lack, fillable } = shortage;
  const each = devices > 1 ? `each of ${devices} devices` : 'one device';
  const where = tried > 1 ? `${each} of ${flavor.name}` : each;
  const way = modes.length > 1 ? ` with ${recipe.mode}` : '';
  const takes = `on ${where} a batch of ${batch} takes ${inGib(gib)}${way} (${parts(shortage, work).join(', ')})`;
  if (lack?.what === 'memory') {
    return `${takes}, and of its ${inGib(lack.there)} at most ${round(Math.max(0, fillable), 1)} may be filled`;
  }
  if (lack) {
    const had = `of which there are ${round(lack.there, 1)}`;
    return `${takes}, for which there is room: what lacks is ${lack.what}, ${had} and it takes ${inGib(lack.takes)}`;
  }
  // What a search fits and doesn't take.
  return flavor.accelerators === 0 ? `${takes}, and a CPU is taken for tiny models and short runs alone` : takes;
}

const inGib = (gib: number): string => `${round(gib, 1)} GiB`;

function parts({ memory, recipe, gib }: Shortage, work: Workload): string[] {
  const { mode, weights_dtype } = recipe;
  const weights = memory.weights / (hasReference(work) && mode === 'full' ? 2 : 1);
  const sizes: [string, number][] = [
    ['gradients and optimizer', memory.gradients + memory.optimizer + memory.adapters],
    ['activations', memory.activations + memory.loss + memory.casts],
    [mode !== 'full' && weights_dtype === 'float32' ? 'weights in fp32' : 'weights', weights],
    ['its reference', memory.weights - weights],
    ['vLLM', memory.vllm ?? 0],
    ['what devices send each other', memory.communication ?? 0],
  ];
  return sizes
    .filter(([, size]) => size > LEAST_PART * gib)
    .sort(([, a], [, b]) => b - a)
    .map(([name, size]) => `${name} ${round(size, 1)}`);
}
