import { TrainerError } from '../errors.ts';
import type { Recipe } from '../plan/schema.ts';
import { overflowsFp16 } from './fp16.ts';
import { methodRecipe } from './method-recipe.ts';
import { packs } from './packing.ts';
import { answersPerPrompt } from './steps.ts';
import { numberOr, type Workload } from './workload.ts';

/** A learning rate so many times above or below the usual one is taken for a slip. */
const UNUSUAL = 10;
/** The usual rates are those of language models; what has fewer parameters learns at far higher ones. */
const LANGUAGE_MODEL = 10e6;

/** Rows of a step from which on adapters learn worse than all weights ("LoRA Without Regret", Schulman et al. 2025). */
const LARGE = 32;
const largeBatch = (rows: number): string =>
  `steps of ${rows} rows: an adapter learns less from steps of ${LARGE} and more`;

/**
 * What was asked for and is likely a slip, for the card. `processes` work side by side. Throws TrainerError `usage`
 * for a step of more prompts than there are: TRL leaves such a step out, and no other is left.
 */
export function doubts(work: Workload, recipe: Recipe, processes = 1): string[] {
  return [...precision(work, recipe), ...rate(work, recipe), ...batch(work, recipe, processes)];
}

function precision({ facts }: Workload, recipe: Recipe): string[] {
  const family = overflowsFp16(facts);
  return family === null || recipe.precision !== 'fp32' || recipe.training_args.use_cpu === true
    ? []
    : [`${family} overflows in fp16, and this accelerator has no bf16: it computes in fp32, several times slower`];
}

function rate({ method, facts }: Workload, { mode, training_args }: Recipe): string[] {
  if (facts.parameters < LANGUAGE_MODEL) return [];
  const given = numberOr(training_args.learning_rate, 0);
  const usual = methodRecipe(method).learning_rate[mode === 'full' ? 'full' : 'lora'];
  const what = `learning rate ${given} is ${mode === 'full' ? 'for all weights' : 'for an adapter'}`;
  if (given > UNUSUAL * usual)
    return [`${what} ${times(given / usual)} the usual ${usual}: the loss may jump or become NaN`];
  if (given < usual / UNUSUAL)
    return [`${what} a ${Math.round(usual / given)}th of the usual ${usual}: it may learn nothing`];
  return [];
}

const times = (ratio: number): string => `${ratio < 100 ? Math.round(ratio) : Number(ratio.toPrecision(2))} times`;

function batch(work: Workload, { mode, training_args: args }: Recipe, processes: number): string[] {
  const sequences =
    numberOr(args.per_device_train_batch_size, 1) * numberOr(args.gradient_accumulation_steps, 1) * processes;
  const rows = sequences / answersPerPrompt(work);
  const online = methodRecipe(work.method).generation !== null;
  if (rows <= work.rows || packs(work)) return online || mode === 'full' || rows < LARGE ? [] : [largeBatch(rows)];
  const what = `a step takes ${rows} ${online ? 'prompts' : 'rows'}, and there ${work.rows === 1 ? 'is' : 'are'} ${work.rows}`;
  if (!online) return [`${what}: each pass over the data is one step`];
  throw new TrainerError(
    'usage',
    'batch_over_rows',
    `${what}: no step would be made`,
    'Leave per_device_train_batch_size and gradient_accumulation_steps out, or make them smaller.',
  );
}
