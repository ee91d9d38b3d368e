import type { Candidate } from '../scripts/planner/candidate.ts';
import { cents } from '../scripts/planner/rounding.ts';
import { SNAPSHOT } from '../scripts/planner/snapshot.ts';
import { type ExampleRun, exampleLine, exampleRuns } from './example-runs.ts';

/** What older advice takes for a size, by the smallest of the examples that it names a flavor for. */
export const OLDER_ADVICE: Readonly<Record<string, string[]>> = {
  'Qwen/Qwen2.5-0.5B': ['t4-small'],
  'Qwen/Qwen3-1.7B': ['t4-medium', 'a10g-small'],
  'Qwen/Qwen3-4B': ['a10g-large', 'a100-large'],
};

/** What the hardware guide says in figures. */
export function hardwareGuide(): Record<string, unknown> {
  const runs = exampleRuns();
  return { ...SNAPSHOT, runs: runs.map(exampleLine), older: runs.flatMap(comparison) };
}

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
