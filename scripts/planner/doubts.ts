import { TrainerError } from '../errors.ts';
import type { JsonValue } from '../plan/json.ts';
import type { Recipe } from '../plan/schema.ts';
import { grouped, preview } from '../printable.ts';
import { overflowsFp16 } from './model-facts/fp16.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import { packs } from './recipe/packing.ts';
import { answersPerPrompt } from './recipe/steps.ts';
import { timed } from './time/layer-costs.ts';
import { UNKNOWN_LAYERS } from './time.ts';
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
  return [
    ...precision(work, recipe),
    ...layers(work),
    ...rate(work, recipe),
    ...warmup(recipe),
    ...logging(recipe),
    ...onTheWay(work, recipe),
    ...batch(work, recipe, processes),
  ];
}

function precision({ facts }: Workload, recipe: Recipe): string[] {
  const family = overflowsFp16(facts);
  return family === null || recipe.precision !== 'fp32' || recipe.training_args.use_cpu === true
    ? []
    : [`${family} overflows in fp16, and this accelerator has no bf16: it computes in fp32, several times slower`];
}

/** Layers of a kind whose time nobody counted. */
const layers = ({ facts }: Workload): string[] =>
  timed(facts.layout.mixers) === 'unknown'
    ? [
        `how long the layers of ${preview(facts.architecture)} take was never counted: the time may be ${UNKNOWN_LAYERS} times off`,
      ]
    : [];

function rate({ method, facts }: Workload, { mode, training_args }: Recipe): string[] {
  if (facts.parameters < LANGUAGE_MODEL) return [];
  const given = numberOr(training_args.learning_rate, 0);
  const usual = methodRecipe(method).learning_rate[mode === 'full' ? 'full' : 'lora'];
  const what = `learning rate ${given} is ${mode === 'full' ? 'for all weights' : 'for an adapter'}`;
  if (given > UNUSUAL * usual)
    return [`${what} ${times(given / usual)} the usual ${usual}: the loss may jump or become NaN`];
  if (given < usual / UNUSUAL) return [`${what} ${part(usual / given)} of the usual ${usual}: it may learn nothing`];
  return [];
}

const MILLION = 1e6;
const part = (ratio: number): string =>
  ratio < MILLION ? `a ${grouped(Math.round(ratio))}th` : 'less than a millionth';

/** Schedulers of transformers that know no warmup (optimization.py, get_scheduler). */
const WITHOUT_WARMUP: readonly JsonValue[] = ['constant', 'reduce_lr_on_plateau', 'greedy'];

/** Where the learning rate gets to: 0 at the first step, and at its peak after those of the warmup. */
function warmup({ training_args: args, total_steps }: Recipe): string[] {
  if (WITHOUT_WARMUP.includes(args.lr_scheduler_type ?? null)) return [];
  const asked = numberOr(args.warmup_steps, 0);
  const steps = asked < 1 ? Math.ceil(asked * total_steps) : Math.trunc(asked);
  const what = `warmup_steps ${asked} in a run of ${total_steps} step${total_steps === 1 ? '' : 's'}`;
  if (steps < total_steps) {
    const long = steps > Math.ceil(total_steps / 2);
    return long ? [`${what}: for more than half of it the learning rate still rises`] : [];
  }
  const reached = (100 * (total_steps - 1)) / steps;
  return [
    reached === 0
      ? `${what}: the learning rate stays 0, and nothing is learned`
      : `${what}: the learning rate gets no higher than ${Number(reached.toPrecision(2))}% of ${Number(args.learning_rate)}`,
  ];
}

function logging({ training_args: args, total_steps }: Recipe): string[] {
  const every = numberOr(args.logging_steps, 1);
  const bySteps = (args.logging_strategy ?? 'steps') === 'steps';
  return bySteps && every > total_steps && args.logging_first_step !== true
    ? [`logging_steps ${every} in a run of ${total_steps}: no loss is shown, and its curve stays empty`]
    : [];
}

/**
 * What happens every so many steps. Whatever those are, transformers saves and evaluates at the last one
 * (trainer_callback.py, DefaultFlowCallback), and the script evaluates before it.
 */
function onTheWay({ request: { set = {} } }: Workload, { training_args: args, total_steps }: Recipe): string[] {
  const beyond = (name: 'save_steps' | 'eval_steps'): boolean => numberOr(set[name], 0) > total_steps;
  const what = (name: 'save_steps' | 'eval_steps'): string => `${name} ${set[name]} in a run of ${total_steps}`;
  return [
    ...(beyond('save_steps')
      ? [`${what('save_steps')}: no checkpoint is saved on the way, and a machine that fails takes all of it along`]
      : []),
    ...(beyond('eval_steps') && args.eval_strategy === 'steps'
      ? [`${what('eval_steps')}: the rows held out are looked at before and after training, and never on the way`]
      : []),
  ];
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
