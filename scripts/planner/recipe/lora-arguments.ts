import type { JsonValue } from '../../plan/json.ts';
import type { Recipe } from '../../plan/schema.ts';
import type { ModelFacts } from '../model-facts.ts';

/**
 * Every linear layer ("LoRA Without Regret", Schulman et al. 2025), but no router of experts: it is left as it is for
 * stability (Unsloth's guides to fine-tuning MoE, InternLM/xtuner pull 312). peft 0.21 adapts it with `all-linear`, whatever
 * `exclude_modules` says (_convert_peft_config_moe); names in a pattern are all that it takes. Of Mixtral, w1 to w3 are the
 * experts'; the experts' own gate_up_proj is asked for by the names of its parts.
 */
export const adaptedModules = ({ layout }: Pick<ModelFacts, 'layout'>): string =>
  layout.recorded && layout.experts?.adapted ? '.*\\.(?!gate_up_proj)(\\w+_proj|w[123])' : 'all-linear';

/** Of the adapter, by the names that TRL's own commands have for them; they aren't arguments of its configs. */
const ARGUMENTS: Readonly<Record<string, { is: (value: number) => boolean; words: string }>> = {
  lora_r: { is: (value) => Number.isInteger(value) && value >= 1 && value <= 1024, words: 'a whole number, 1 to 1024' },
  lora_alpha: { is: (value) => value > 0, words: 'a number above 0' },
  lora_dropout: { is: (value) => value >= 0 && value < 1, words: 'a number from 0 to below 1' },
};

type Set = Readonly<Record<string, JsonValue>>;

export const LORA_ARGUMENTS: readonly string[] = Object.keys(ARGUMENTS);

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
