import { loraParameters } from '../memory/states.ts';
import type { ModelFacts } from '../model-facts.ts';
import type { Workload } from '../workload.ts';
import { methodRecipe } from './method-recipe.ts';

/** Ranks to choose from. */
const LEAST = 4;
const RANKS = [LEAST, 8, 16, 32, 64, 128, 256];

/** Rank of an adapter, and whether it has room for what the data teach. */
export interface LoraRank {
  rank: number;
  /** Trained parameters at that rank, and what there is to learn, in parameters. */
  parameters: number;
  wanted: number;
  enough: boolean;
}

/**
 * The rank by the task and the data ("LoRA Without Regret", Schulman et al. 2025): examples to imitate want an adapter
 * with at least as many parameters as they have tokens (the rule of Tinker's guide, which counts the trained tokens);
 * a preference or a reward teaches about a bit an answer, which the least rank holds. An expert of a mixture sees its
 * share of the tokens, and gets that share of the rank.
 */
export function loraRank({
  method,
  facts,
  tokens,
  pictures,
  rows,
}: Pick<Workload, 'method' | 'facts' | 'tokens' | 'pictures' | 'rows'>): LoraRank {
  const { least, most } = methodRecipe(method).lora_rank;
  // Pictures are looked at, not learned to write.
  const text = tokens.mean - (pictures?.counted?.mean.tokens ?? 0);
  const wanted = most > least ? text * rows : 0;
  const share = sharing(facts);
  const ranks = RANKS.filter((rank) => rank >= least / share && rank <= Math.max(most / share, LEAST));
  const fitting = ranks.find((rank) => loraParameters(facts, rank) >= wanted);
  const rank = fitting ?? ranks.at(-1) ?? least;
  return { rank, parameters: loraParameters(facts, rank), wanted, enough: fitting !== undefined };
}

/** Experts that work on a token: each has an adapter of its own. */
const sharing = ({ layout }: ModelFacts): number => (layout.experts?.adapted ? layout.experts.per_token : 1);
