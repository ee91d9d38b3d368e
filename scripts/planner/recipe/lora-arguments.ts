import type { JsonValue } from '../../plan/json.ts';
import type { Recipe } from '../../plan/schema.ts';

/** Of the adapter, by the names that TRL's own commands have for them; they aren't arguments of its configs. */
const ARGUMENTS: Readonly<Record<string, { is: (value: JsonValue) => boolean; words: string }>> = {
  lora_r: { is: number((r) => Number.isInteger(r) && r >= 1 && r <= 1024), words: 'a whole number, 1 to 1024' },
  lora_alpha: { is: number((alpha) => alpha > 0), words: 'a number above 0' },
  lora_dropout: { is: number((share) => share >= 0 && share < 1), words: 'a number from 0 to below 1' },
  use_rslora: { is: (value) => typeof value === 'boolean', words: 'true or false' },
};

function number(is: (value: number) => boolean): (value: JsonValue) => boolean {
  return (value) => typeof value === 'number' && is(value);
}

type Set = Readonly<Record<string, JsonValue>>;

export const LORA_ARGUMENTS: readonly string[] = Object.keys(ARGUMENTS);

export const isLoraArgument = (name: string): boolean => Object.hasOwn(ARGUMENTS, name);

/** What the argument takes, in words, where it doesn't take this value; null where it does. */
export function loraProblem(name: string, value: JsonValue): string | null {
  const argument = ARGUMENTS[name];
  return argument?.is(value) ? null : `expected ${argument?.words}`;
}

/** Those that `--set` gave, as peft's LoraConfig names them. */
export const loraAsked = (set: Set = {}): Partial<NonNullable<Recipe['lora']>> => ({
  ...(typeof set.lora_r === 'number' ? { r: set.lora_r } : {}),
  ...(typeof set.lora_alpha === 'number' ? { lora_alpha: set.lora_alpha } : {}),
  ...(typeof set.lora_dropout === 'number' ? { lora_dropout: set.lora_dropout } : {}),
  ...(typeof set.use_rslora === 'boolean' ? { use_rslora: set.use_rslora } : {}),
});

/** The others: arguments of TRL's config. */
export const trainerArguments = (set: Set = {}): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(set).filter(([name]) => !isLoraArgument(name)));
