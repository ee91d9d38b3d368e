import type { JsonValue } from '../../plan/json.ts';
import { optimizerWords } from './optimizers.ts';

/** What TRL's config takes for one argument: types joined by `|`, and the values where they are few. */
export type Argument = string | { takes: string; choices: string[] };

const TYPES: Readonly<Record<string, { is: (value: JsonValue) => boolean; words: string }>> = {
  bool: { is: (value) => typeof value === 'boolean', words: 'true or false' },
  int: { is: (value) => Number.isSafeInteger(value), words: 'a whole number' },
  float: { is: (value) => typeof value === 'number', words: 'a number' },
  str: { is: (value) => typeof value === 'string', words: 'text' },
  list: { is: Array.isArray, words: 'a JSON list' },
  dict: {
    is: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    words: 'a JSON object',
  },
  null: { is: (value) => value === null, words: 'None' },
};

/** Whole numbers above 0: the plan calculates with them, or TRL stops at others. */
const COUNTS = [
  'per_device_train_batch_size',
  'per_device_eval_batch_size',
  'gradient_accumulation_steps',
  'save_steps',
  'eval_steps',
  'logging_steps',
  'num_generations',
  'num_generations_eval',
  'num_iterations',
  'max_completion_length',
  'dataset_num_proc',
  'dataloader_prefetch_factor',
  'precompute_ref_batch_size',
];
/** No other argument of TRL's takes less than 0. */
const ABOVE_ZERO = ['temperature', 'repetition_penalty', 'adam_epsilon'];
const AT_MOST: Readonly<Record<string, number>> = {
  seed: 2 ** 32 - 1,
  data_seed: 2 ** 32 - 1,
  top_p: 1,
  min_p: 1,
  top_entropy_quantile: 1,
  label_smoothing: 1,
  label_smoothing_factor: 1,
};
const BELOW: Readonly<Record<string, number>> = { adam_beta1: 1, adam_beta2: 1 };

/** What the argument takes, in words, where it doesn't take this value; null where it does. */
export function valueProblem(name: string, value: JsonValue, argument: Argument): string | null {
  if (COUNTS.includes(name)) {
    return Number.isSafeInteger(value) && Number(value) > 0 ? null : 'expected a whole number above 0';
  }
  const { takes, choices } = typeof argument === 'string' ? { takes: argument, choices: [] } : argument;
  const types = takes.split('|').flatMap((type) => TYPES[type] ?? []);
  if (!types.some(({ is }) => is(value)))
    return `expected ${[...new Set(types.map(({ words }) => words))].join(' or ')}`;
  if (choices.length > 0 && (typeof value === 'string' || Array.isArray(value))) {
    const given = Array.isArray(value) ? value : [value];
    if (!given.every((one) => choices.some((choice) => choice === one))) {
      const words = name === 'optim' ? optimizerWords(choices) : choices.join(', ');
      return `expected ${Array.isArray(value) ? 'some' : 'one'} of ${words}`;
    }
  }
  return typeof value === 'number' ? rangeProblem(name, value) : null;
}

function rangeProblem(name: string, value: number): string | null {
  if (value < 0) return 'expected 0 or more';
  if (value === 0 && ABOVE_ZERO.includes(name)) return 'expected more than 0';
  const most = AT_MOST[name];
  if (most !== undefined && value > most) return `expected ${most} or less`;
  const below = BELOW[name];
  return below !== undefined && value >= below ? `expected less than ${below}` : null;
}
