import type { JsonValue } from '../../plan/json.ts';
import type { Recipe } from '../../plan/schema.ts';
import type { ModelFacts } from '../model-facts.ts';

/**
 * Every linear layer ("LoRA Without Regret", Schulman et al. 2025), but no router of experts: it is left as it is for
 * stability (Unsloth's guides to fine-tuning MoE, InternLM/xtuner pull 312). Where peft gives experts adapters, it adapts
 * the router with `all-linear`, too, whatever `exclude_modules` says (_convert_peft_config_moe); names in a pattern are
 * all that it takes. The experts' own gate_up_proj is asked for by the names of its parts; of Mixtral, w1 to w3.
 */
export function adaptedModules({ layout, architecture }: Pick<ModelFacts, 'layout' | 'architecture'>): string {
  if (BESIDE_STATES.test(architecture)) return named('out_proj|fc\\d_latent_proj');
  return layout.experts && (layout.experts.adapted || LINEAR_ROUTER.test(architecture))
    ? named('gate_up_proj')
    : 'all-linear';
}

const named = (without: string): string => `.*\\.(?!${without})(\\w+_proj(_\\w+)?|w[123])`;

/** Their routers are linear layers: of the first two one that answers with a tuple, which stops peft in the first step. */
const LINEAR_ROUTER = /^(Llama4|Phimoe|Gemma4)/;
/**
 * Whose `out_proj` peft refuses, since their kernels read its weight and not its output (tuners_utils.py,
 * _check_lora_target_modules_mamba). A latent projection of Nemotron's is none where it has no size.
 */
const BESIDE_STATES = /^(FalconH1|FalconMamba|Mamba2?|NemotronH)[A-Z]/;

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
