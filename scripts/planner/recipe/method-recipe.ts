import type { JsonValue } from '../../plan/json.ts';
import type { Planned } from '../../plan/methods.ts';
import type { Workload } from '../workload.ts';

/** What of a recipe depends on the method. */
export interface MethodRecipe {
  /** Peak learning rate; LoRA's is about ten times that of all weights (TRL's "LoRA Without Regret" guide). */
  learning_rate: { full: number; lora: number };
  /** Ranks of an adapter: what any data get, and the most that many tokens get. */
  lora_rank: { least: number; most: number };
  /** Sequences that a row of the data becomes. */
  sequences: 1 | 2;
  /** Compared with the model as it was: a frozen copy of it; with LoRA the same model, its adapter switched off. */
  reference: 'always' | 'where beta is not 0' | 'never';
  /** Forward passes without gradients that a step makes: of the trained model, and of the reference. */
  forwards: { own: number; reference: number };
  /** Of TRL's config, besides what all methods share. */
  arguments: Record<string, JsonValue>;
  /** Set where the model answers prompts while it trains: how many answers a prompt gets, and how long they may be. */
  generation: { per_prompt: number; max_tokens: number } | null;
}

/** An answer teaches about one bit. TRL's guide takes ranks of 1 to 32 where it learns from rewards. */
const FEW_BITS = { least: 16, most: 16 } as const;
const PREFERENCE = {
  learning_rate: { full: 1e-6, lora: 1e-5 },
  lora_rank: FEW_BITS,
  reference: 'always',
  generation: null,
} as const;
const ONLINE = {
  learning_rate: { full: 1e-6, lora: 1e-5 },
  lora_rank: FEW_BITS,
  sequences: 1,
  reference: 'where beta is not 0',
} as const;

/**
 * Learning rates of all weights, beta and generations are the defaults of TRL 1.16's configs, but for: the reward
 * model's learning rate, its example script's; RLOO's four answers, which learned more than TRL's two (Ahmadian et
 * al. 2024, "Back to Basics", section 5). Passes: what its trainers do in a step.
 */
const METHOD_RECIPES: Readonly<Record<Planned, MethodRecipe>> = {
  sft: {
    learning_rate: { full: 2e-5, lora: 2e-4 },
    lora_rank: { least: 32, most: 256 },
    sequences: 1,
    reference: 'never',
    forwards: { own: 0, reference: 0 },
    arguments: { packing: false },
    generation: null,
  },
  dpo: { ...PREFERENCE, sequences: 2, forwards: { own: 0, reference: 1 }, arguments: { beta: 0.1 } },
  // Each answer also with its neighbour's prompt, for the divergence.
  kto: { ...PREFERENCE, sequences: 1, forwards: { own: 1, reference: 2 }, arguments: { beta: 0.1 } },
  reward: {
    learning_rate: { full: 1e-5, lora: 1e-4 },
    lora_rank: FEW_BITS,
    sequences: 2,
    reference: 'never',
    forwards: { own: 0, reference: 0 },
    arguments: {},
    generation: null,
  },
  grpo: {
    ...ONLINE,
    forwards: { own: 0, reference: 1 },
    arguments: { beta: 0 },
    generation: { per_prompt: 8, max_tokens: 512 },
  },
  rloo: {
    ...ONLINE,
    forwards: { own: 1, reference: 1 },
    arguments: { beta: 0.05 },
    generation: { per_prompt: 4, max_tokens: 512 },
  },
};

export const methodRecipe = (method: Planned): MethodRecipe => METHOD_RECIPES[method];

/** Whether the model that training starts from is asked, too, at each step. */
export function hasReference({ method, request }: Pick<Workload, 'method' | 'request'>): boolean {
  const { reference, arguments: own } = methodRecipe(method);
  return reference === 'always' || (reference === 'where beta is not 0' && (request.set?.beta ?? own.beta) !== 0);
}
