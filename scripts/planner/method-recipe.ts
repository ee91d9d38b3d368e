import type { JsonValue } from '../plan/json.ts';
import type { Method } from '../plan/methods.ts';

/** What of a recipe depends on the method. */
export interface MethodRecipe {
  /** Peak learning rate; LoRA's is about ten times that of all weights (TRL's "LoRA Without Regret" guide). */
  learning_rate: { full: number; lora: number };
  /** Sequences that a row of the data becomes. */
  sequences: 1 | 2;
  /** A frozen copy of the model beside the trained one; LoRA switches its adapter off instead. */
  reference: boolean;
  /** Of TRL's config, besides what all methods share. */
  arguments: Record<string, JsonValue>;
  /** Set where the model answers prompts while it trains: how many answers a prompt gets, and how long they may be. */
  generation: { per_prompt: number; max_tokens: number } | null;
}

const PREFERENCE = { learning_rate: { full: 1e-6, lora: 1e-5 }, reference: true, generation: null } as const;

/** Learning rates, beta and generations are TRL 1.16's defaults, the reward model's its example script's. */
export const METHOD_RECIPES: Readonly<Partial<Record<Method, MethodRecipe>>> = {
  sft: {
    learning_rate: { full: 2e-5, lora: 2e-4 },
    sequences: 1,
    reference: false,
    arguments: { packing: false },
    generation: null,
  },
  dpo: { ...PREFERENCE, sequences: 2, arguments: { beta: 0.1 } },
  kto: { ...PREFERENCE, sequences: 1, arguments: { beta: 0.1 } },
  reward: {
    learning_rate: { full: 1e-5, lora: 1e-4 },
    sequences: 2,
    reference: false,
    arguments: {},
    generation: null,
  },
  grpo: {
    learning_rate: { full: 1e-6, lora: 1e-5 },
    sequences: 1,
    reference: false, // beta is 0
    arguments: { beta: 0 },
    generation: { per_prompt: 8, max_tokens: 512 },
  },
  rloo: {
    learning_rate: { full: 1e-6, lora: 1e-5 },
    sequences: 1,
    reference: true,
    arguments: { beta: 0.05 },
    generation: { per_prompt: 4, max_tokens: 512 },
  },
};

/** Throws for a method that no plan trains. */
export function methodRecipe(method: Method): MethodRecipe {
  const recipe = METHOD_RECIPES[method];
  if (recipe === undefined) throw new Error(`no recipe for ${method}`);
  return recipe;
}
