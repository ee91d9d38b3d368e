import { shellWord } from '../plan/mapping.ts';
import { billedUsd } from '../plan/price.ts';
import type { Plan } from '../plan/schema.ts';
import { duration, money } from './units.ts';

/** A run that costs more is tried on a few rows first. USD. */
const WORTH_A_DEMO = 3;
const EXAMPLES = 100;

/** The same run on a few rows, where this one costs more than a few dollars: what it takes, and its command. */
export function demoLines({ dataset, estimate, hardware, recipe }: Plan, path: string): string[] {
  const parts = estimate.seconds_parts;
  if (!parts || dataset.examples !== null || estimate.usd <= WORTH_A_DEMO || dataset.rows.used <= EXAMPLES) return [];
  const { setup = 0, training = 0, generation = 0, saving = 0 } = parts;
  const args = recipe.training_args;
  // By --max-steps the passes over the data aren't known: at least one is assumed.
  const passes = typeof args.num_train_epochs === 'number' ? args.num_train_epochs : 1;
  const seconds = setup + saving + ((training + generation) * EXAMPLES) / (dataset.rows.used * passes);
  const price = money(Math.ceil(100 * billedUsd(seconds, hardware.usd_per_hour)) / 100);
  return [
    `Recommended first: ${EXAMPLES} examples, about ${duration(seconds)} and ${price}, show whether the data teach what they should`,
    `hf-llm-trainer plan --from ${shellWord(path)} --examples ${EXAMPLES} --epochs 1`,
  ];
}
