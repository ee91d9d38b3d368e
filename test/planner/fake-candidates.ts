import type { Candidate } from '../../scripts/planner/search/candidate.ts';

/** What the choice and its words look at; it can bill twice its price. */
export const candidate = (name: string, usd: number, seconds: number, price = 1, mode: 'full' | 'lora' = 'lora') =>
  ({
    flavor: { name, accelerators: 1, usd_per_hour: price },
    ...{ usd, seconds, recipe: { mode, training_args: {} } },
    max_usd: 2 * usd,
    in_time: 'surely',
  }) as Candidate;

/** On four accelerators. */
export const several = (name: string, usd: number, seconds: number) => {
  const one = candidate(name, usd, seconds, 10);
  return { ...one, flavor: { ...one.flavor, accelerators: 4 } } as Candidate;
};
