import * as z from 'zod';
import adaptedExperts from './adapted-experts.json' with { type: 'json' };

/** A mixture of experts in each layer. */
export interface Experts {
  count: number;
  /** That work on a token. */
  per_token: number;
  /** Of one of them. */
  intermediate_size: number;
  /** Whether peft gives them adapters. */
  adapted: boolean;
  /** Of an expert or MLP that every token passes and that gets adapters, its intermediate size. */
  shared?: number;
}

/** What can't be read counts as absent. */
const count = z.number().int().positive().nullish().catch(null);
const ExpertsConfig = z.object({
  num_experts: count,
  num_local_experts: count,
  n_routed_experts: count,
  moe_num_experts: count,
  num_experts_per_tok: count,
  top_k_experts: count,
  moe_k: count,
  moe_topk: count,
  intermediate_size: count,
  moe_intermediate_size: count,
  expert_ffn_hidden_size: count,
  shared_expert_intermediate_size: count,
  shared_intermediate_size: count,
});

/** Where the MLP that every token passes is as large as `intermediate_size` (models/<family>/modeling_<family>.py). */
const LIKE_A_DENSE_MLP = /^(llama4|gemma4)$/;

/** The experts that a text configuration describes, by the names that families have for them; null for none. */
export function readExperts(text: unknown, type: string): Experts | null {
  const config = ExpertsConfig.parse(text);
  const experts =
    config.num_experts ?? config.num_local_experts ?? config.n_routed_experts ?? config.moe_num_experts ?? 0;
  const size = config.moe_intermediate_size ?? config.expert_ffn_hidden_size ?? config.intermediate_size ?? 0;
  if (experts <= 1 || size === 0) return null;
  const shared =
    config.shared_expert_intermediate_size ??
    config.shared_intermediate_size ??
    (LIKE_A_DENSE_MLP.test(type) ? config.intermediate_size : null);
  return {
    count: experts,
    per_token: config.num_experts_per_tok ?? config.top_k_experts ?? config.moe_k ?? config.moe_topk ?? 1,
    intermediate_size: size,
    adapted: adaptedExperts.model_types.includes(type),
    ...(shared ? { shared } : {}),
  };
}
