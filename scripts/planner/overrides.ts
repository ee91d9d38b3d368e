import { TrainerError } from '../errors.ts';
import { Json, type JsonValue } from '../plan/json.ts';
import type { Planned } from '../plan/methods.ts';
import { preview } from '../printable.ts';
import { type Argument, valueProblem } from './overrides/argument-value.ts';
import { nearest } from './overrides/nearest.ts';
import { OWNED } from './overrides/owned-arguments.ts';
import known from './overrides/trl-arguments.json' with { type: 'json' };
import { isLoraArgument, LORA_ARGUMENTS, loraProblem } from './recipe/lora-arguments.ts';

/** Names that transformers is about to drop, with the ones that it has for the same. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  gradient_checkpointing: 'activation_checkpointing',
  gradient_checkpointing_kwargs: 'activation_checkpointing_kwargs',
};

/** KTO estimates a divergence from a row's neighbours in its batch, RLOO and GRPO an advantage from other answers. */
const AT_LEAST_TWO: Partial<Record<Planned, string[]>> = {
  kto: ['per_device_train_batch_size'],
  grpo: ['num_generations'],
  rloo: ['num_generations', 'num_generations_eval'],
};

/**
 * `--set name=value` -> arguments of the pinned TRL's config for the method, or for any while the data have not said
 * which, and of the adapter. A value is JSON where it can be, else text. Throws TrainerError `usage` for what it doesn't have, for a value
 * of the wrong kind, and for what the plan decides.
 */
export function parseOverrides(flags: readonly string[], method: Planned | undefined): Record<string, JsonValue> {
  const overrides: Record<string, JsonValue> = {};
  for (const flag of flags) {
    const at = flag.indexOf('=');
    if (at < 1) throw bad(flag, 'expected --set name=value');
    const name = flag.slice(0, at).trim();
    const value = parseValue(flag.slice(at + 1));
    if (!Json.safeParse(value).success) throw bad(flag, 'a number must be finite');
    checkOne(name, value, method);
    overrides[OLD_NAMES[name] ?? name] = value;
  }
  return overrides;
}

/** Throws TrainerError `usage` for an argument that the method's config doesn't have, and for values it can't take. */
export function checkOverrides(set: Readonly<Record<string, JsonValue>>, method: Planned): void {
  for (const [name, value] of Object.entries(set)) checkOne(name, value, method);
}

function checkOne(name: string, value: JsonValue, method: Planned | undefined): void {
  if (name === 'trust_remote_code') throw bad(name, 'code from a model repository is never run');
  if (isLoraArgument(name)) {
    const problem = loraProblem(name, value);
    if (problem !== null) throw badValue(name, value, problem);
    return;
  }
  const instead = Object.hasOwn(OWNED, name) ? OWNED[name] : undefined;
  if (instead) throw bad(name, `it isn't set this way: ${instead}`);
  const kinds = argumentsOf(method).flatMap(([other, kind]) => (other === name ? [kind] : []));
  if (kinds.length === 0) throw unknown(name, method);
  const problems = [...new Set(kinds.map((kind) => valueProblem(name, value, kind)))];
  // Where methods take different values, the one that the data decide on says which.
  if (!problems.includes(null) && (method !== undefined || problems.length === 1)) {
    throw badValue(name, value, `${problems.join(', or ')}${differing(name, method)}`);
  }
  if (method !== undefined && AT_LEAST_TWO[method]?.includes(name) && value === 1) {
    throw badValue(name, value, `${method.toUpperCase()} compares: at least 2`);
  }
}

/** The method, where another takes other values. */
function differing(name: string, method: Planned | undefined): string {
  const kinds = Object.values(BY_METHOD).flatMap((own) => own[name] ?? []);
  const same = new Set(kinds.map((kind) => JSON.stringify(kind))).size < 2;
  return method === undefined || same ? '' : ` for ${method.toUpperCase()}`;
}

/** Fields of the config classes. */
const SHARED: Record<string, Argument> = known.shared;
const BY_METHOD: Record<Planned, Record<string, Argument>> = known.methods;

const argumentsOf = (method: Planned | undefined): [string, Argument][] => [
  ...Object.entries(SHARED),
  ...(method === undefined ? Object.values(BY_METHOD) : [BY_METHOD[method]]).flatMap((own) => Object.entries(own)),
];

function unknown(name: string, method: Planned | undefined): TrainerError {
  const renamed = Object.entries(known.renamed).find(([old]) => old === name)?.[1];
  if (renamed) return bad(name, `this TRL has no such argument; it became ${renamed}`);
  const names = [...argumentsOf(method).map(([argument]) => argument), ...LORA_ARGUMENTS, ...Object.keys(OWNED)];
  const near = nearest(name, new Set(names)).map((other) =>
    Object.hasOwn(OWNED, other) ? `${other} (${OWNED[other]})` : other,
  );
  const elsewhere = Object.entries(BY_METHOD).flatMap(([other, own]) => (Object.hasOwn(own, name) ? [other] : []));
  const hints = [
    elsewhere.length > 0 ? `it is one of ${elsewhere.join(', ')}` : '',
    near.length > 0 ? `near: ${near.join(', ')}` : '',
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

/** An argument as the flag gives it. */
export const setWords = (name: string, value: JsonValue): string =>
  `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;

export const badValue = (name: string, value: JsonValue, why: string): TrainerError => bad(setWords(name, value), why);

const bad = (what: string, why: string): TrainerError =>
  new TrainerError('usage', 'bad_argument', `--set ${preview(what)}: ${why}`, 'Change or leave out this --set.');
