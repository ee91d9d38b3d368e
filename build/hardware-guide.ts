import type { Flavor } from '../scripts/plan/flavor.ts';
import { SNAPSHOT } from '../scripts/planner/hardware/snapshot.ts';
import { cents } from '../scripts/planner/rounding.ts';
import type { Candidate } from '../scripts/planner/search/candidate.ts';
import {
  CLEARLY_FASTER,
  HARDLY_MORE,
  WORKING_DAY,
  WORTH_A_DAY,
  WORTH_ALL_WEIGHTS,
} from '../scripts/planner/search/choose.ts';
import { LORA_ABOVE_PARAMETERS } from '../scripts/planner/search/modes.ts';
import { targetOf } from '../scripts/planner/search.ts';
import { type ExampleRun, exampleLine, exampleRuns } from './example-runs.ts';
import { percentMore } from './render.ts';

/** What older advice takes for a size, by the smallest of the examples that it names a flavor for. */
export const OLDER_ADVICE: Readonly<Record<string, string[]>> = {
  'Qwen/Qwen2.5-0.5B': ['t4-small'],
  'Qwen/Qwen3-1.7B': ['t4-medium', 'a10g-small'],
  'Qwen/Qwen3-4B': ['a10g-large', 'a100-large'],
};

/** What the hardware guide says in figures: the same that a plan chooses by. */
export function hardwareGuide(): Record<string, unknown> {
  const runs = exampleRuns();
  return {
    ...SNAPSHOT,
    more: {
      hardly: percentMore(HARDLY_MORE),
      a_day: percentMore(WORTH_A_DAY),
      all_weights: percentMore(WORTH_ALL_WEIGHTS),
    },
    faster: SHARES[CLEARLY_FASTER] ?? `1/${CLEARLY_FASTER} of`,
    day: WORKING_DAY / 3600,
    billions: LORA_ABOVE_PARAMETERS / 1e9,
    no_bf16: withoutBf16(SNAPSHOT.flavors),
    runs: runs.map(exampleLine),
    older: runs.flatMap(comparison),
  };
}

const SHARES: Readonly<Record<number, string>> = { 2: 'half', 3: 'a third of', 4: 'a quarter of' };

/** The flavors of GPUs that don't compute in bf16; empty where all do. */
export const withoutBf16 = (flavors: readonly Flavor[]): string =>
  flavors
    .filter((flavor) => flavor.accelerators > 0 && !targetOf(flavor).bf16)
    .map(({ name }) => `\`${name}\``)
    .join(', ');

/** What is taken, against what older advice takes. */
function comparison({ model, chosen, fitting }: ExampleRun): string[] {
  const advised = OLDER_ADVICE[model];
  if (!advised || !chosen) return [];
  const name = model.split('/').at(-1);
  const others = fitting.filter(({ flavor }) => advised.includes(flavor.name) && flavor.name !== chosen.flavor.name);
  const than = others.map(price).join(', ');
  const taken = `${name} ${advised.includes(chosen.flavor.name) ? 'still takes' : 'takes'} ${price(chosen)}`;
  return [than === '' ? taken : `${taken}, not ${than}`];
}

const price = ({ flavor, usd }: Candidate): string => `\`${flavor.name}\` ($${cents(usd).toFixed(2)})`;
