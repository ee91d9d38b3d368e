import { TrainerError } from '../errors.ts';
import { Json, type JsonValue } from '../plan/json.ts';
import type { Method } from '../plan/methods.ts';
import { preview } from '../printable.ts';
import known from './trl-arguments.json' with { type: 'json' };

/** Set by the plan itself, because something else depends on them. Value: what to use instead. */
const OWNED: Record<string, string> = {
  output_dir: 'the plan decides where the model goes',
  push_to_hub: '--output-repo',
  hub_model_id: '--output-repo',
  hub_private_repo: '--public',
  hub_token: 'HF_TOKEN or `hf auth login`',
  hub_strategy: 'the plan decides, so that a run can go on from its checkpoint',
  report_to: 'the plan decides: Trackio',
  trackio_space_id: 'the plan decides: a private Space',
  resume_from_checkpoint: '`submit`, which goes on by itself',
  max_steps: '--max-steps',
  num_train_epochs: '--epochs',
  learning_rate: '--learning-rate',
  max_length: '--max-length',
  bf16: 'the plan decides by the hardware',
  fp16: 'the plan decides by the hardware',
  use_cpu: '--backend and --flavor',
  // Checkpoints hold all that a run needs to go on, and are made in any case.
  save_strategy: 'the plan decides, so that a run can go on from its checkpoint; how often: save_steps',
  save_only_model: 'the plan decides, so that a run can go on from its checkpoint',
  // What the script sets in any case: a value given here would be shown and not used.
  model_init_kwargs: 'the plan decides: dtype, revision, and no code from a repository',
  disable_tqdm: 'the plan decides',
  project: 'the plan decides',
  run_name: 'the plan decides',
  hub_always_push: '--output-repo',
  hub_revision: '--output-repo',
  trackio_static_space_id: 'the plan decides: a private Space',
  trackio_bucket_id: 'the plan decides: a private Space',
  // Where prompts are answered.
  reward_weights: '--reward, which takes a weight',
  use_vllm: 'the script generates with transformers',
  generation_batch_size: 'per_device_train_batch_size and gradient_accumulation_steps',
  steps_per_generation: 'per_device_train_batch_size and gradient_accumulation_steps',
  log_completions_hub_repo: 'the plan decides what goes to the Hub',
  remove_unused_columns: 'the plan decides: rewards read the other columns',
  auto_find_batch_size: 'the plan decides the batch by the memory; smaller: per_device_train_batch_size',
  // One process: these need several.
  deepspeed: 'the plan decides: one process',
  fsdp: 'the plan decides: one process',
  fsdp_config: 'the plan decides: one process',
  parallelism_config: 'the plan decides: one process',
};

/** Counts that the plan calculates with. */
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
];
/** KTO estimates a divergence from a row's neighbours in its batch, RLOO and GRPO an advantage from other answers. */
const AT_LEAST_TWO: Partial<Record<Method, string[]>> = {
  kto: ['per_device_train_batch_size'],
  grpo: ['num_generations'],
  rloo: ['num_generations', 'num_generations_eval'],
};

/**
 * `--set name=value` -> arguments of the pinned TRL's config for the method, or for any while the data have not said
 * which. A value is JSON where it can be, else text. Throws TrainerError `usage` for what it doesn't have and what the
 * plan decides.
 */
export function parseOverrides(flags: readonly string[], method: Method | undefined): Record<string, JsonValue> {
  const overrides: Record<string, JsonValue> = {};
  for (const flag of flags) {
    const at = flag.indexOf('=');
    if (at < 1) throw bad(flag, 'expected --set name=value');
    const name = flag.slice(0, at).trim();
    if (name === 'trust_remote_code') throw bad(name, 'code from a model repository is never run');
    const instead = Object.hasOwn(OWNED, name) ? OWNED[name] : undefined;
    if (instead) throw bad(name, `it isn't set this way: ${instead}`);
    if (!argumentsOf(method).includes(name)) throw unknown(name, method);
    const value = parseValue(flag.slice(at + 1));
    if (!Json.safeParse(value).success) throw bad(flag, 'a number must be finite');
    if (COUNTS.includes(name) && !(Number.isSafeInteger(value) && Number(value) > 0)) {
      throw bad(flag, 'expected a whole number above 0');
    }
    overrides[name] = value;
  }
  if (method !== undefined) checkOverrides(overrides, method);
  return overrides;
}

/** Throws TrainerError `usage` for an argument that the method's config doesn't have, and for values it can't take. */
export function checkOverrides(set: Readonly<Record<string, JsonValue>>, method: Method): void {
  for (const [name, value] of Object.entries(set)) {
    if (!argumentsOf(method).includes(name)) throw unknown(name, method);
    if (AT_LEAST_TWO[method]?.includes(name) && value === 1) {
      throw bad(`${name}=1`, `${method.toUpperCase()} compares: at least 2`);
    }
  }
}

/** Fields of the config classes; none for a method that isn't trained here. */
const BY_METHOD: Partial<Record<Method, string[]>> = known.methods;

const argumentsOf = (method: Method | undefined): string[] => [
  ...known.shared,
  ...(method === undefined ? Object.values(known.methods).flat() : (BY_METHOD[method] ?? [])),
];

function unknown(name: string, method: Method | undefined): TrainerError {
  const renamed = Object.entries(known.renamed).find(([old]) => old === name)?.[1];
  if (renamed) return bad(name, `this TRL has no such argument; it became ${renamed}`);
  const near = argumentsOf(method).filter((argument) => argument.includes(name) || name.includes(argument));
  const elsewhere = Object.entries(known.methods).flatMap(([other, names]) => (names.includes(name) ? [other] : []));
  const hints = [
    elsewhere.length > 0 ? `it is one of ${elsewhere.join(', ')}` : '',
    near.length > 0 ? `near: ${near.slice(0, 5).join(', ')}` : '',
  ].filter(Boolean);
  const where = method === undefined ? '' : ` for ${method.toUpperCase()}`;
  return bad(name, [`the pinned TRL has no such argument${where}`, ...hints].join('; '));
}

function parseValue(text: string): JsonValue {
  if (/^(True|False|None)$/.test(text)) return text === 'None' ? null : text === 'True';
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const bad = (what: string, why: string): TrainerError =>
  new TrainerError('usage', 'bad_argument', `--set ${preview(what)}: ${why}`, 'Change or leave out this --set.');
