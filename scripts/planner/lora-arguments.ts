import type { JsonValue } from '../plan/json.ts';
import type { Recipe } from '../plan/schema.ts';

/** Of the adapter, by the names that TRL's own commands have for them; they aren't arguments of its configs. */
const ARGUMENTS: Readonly<Record<string, { is: (value: number) => boolean; words: string }>> = {
  lora_r: { is: (value) => Number.isInteger(value) && value >= 1 && value <= 1024, words: 'a whole number, 1 to 1024' },
  lora_alpha: { is: (value) => value > 0, words: 'a number above 0' },
  lora_dropout: { is: (value) => value >= 0 && value < 1, words: 'a number from 0 to below 1' },
};

type Set = Readonly<Record<string, JsonValue>>;

export const isLoraArgument = (name: string): boolean => Object.hasOwn(ARGUMENTS, name);

/** What the argument takes, in words, where it doesn't take this value; null where it does. */
export function loraProblem(name: string, value: JsonValue): string | null {
  const argument = ARGUMENTS[name];
  return argument && typeof value === 'number' && argument.is(value) ? null : `expected ${argument?.words}`;
}

/** Those that `--set` gave, as peft's LoraConfig names them. */
export const loraAsked = (set: Set = {}): Partial<NonNullable<Recipe['lora']>> => ({
  ...(typeof set.lora_r === 'number' ? { r: set.lora_r } : {}),
  ...(typeof set.lora_alpha === 'number' ? { lora_alpha: set.lora_alpha } : {}),
  ...(typeof set.lora_dropout === 'number' ? { lora_dropout: set.lora_dropout } : {}),
});

/** The others: arguments of TRL's config. */
export const trainerArguments = (set: Set = {}): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(set).filter(([name]) => !isLoraArgument(name)));
