import { TrainerError } from '../errors.ts';
import type { JsonValue } from '../plan/json.ts';
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
};

/** `--set name=value` -> arguments of the pinned TRL. A value is JSON where it can be, else text. */
export function parseOverrides(flags: readonly string[]): Record<string, JsonValue> {
  const overrides: Record<string, JsonValue> = {};
  for (const flag of flags) {
    const at = flag.indexOf('=');
    if (at < 1) throw bad(flag, 'expected --set name=value');
    const name = flag.slice(0, at).trim();
    if (name === 'trust_remote_code') throw bad(name, 'code from a model repository is never run');
    const instead = OWNED[name];
    if (instead) throw bad(name, `it is set by ${instead}`);
    if (!known.sft.includes(name)) throw unknown(name);
    overrides[name] = parseValue(flag.slice(at + 1));
  }
  return overrides;
}

function unknown(name: string): TrainerError {
  const renamed = Object.entries(known.renamed).find(([old]) => old === name)?.[1];
  if (renamed) return bad(name, `this TRL has no such argument; it became ${renamed}`);
  const near = known.sft.filter((argument) => argument.includes(name) || name.includes(argument)).slice(0, 5);
  return bad(
    name,
    `the pinned TRL's SFTConfig has no such argument${near.length > 0 ? `; near: ${near.join(', ')}` : ''}`,
  );
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
