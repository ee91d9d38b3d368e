import * as z from 'zod';

/** How a decoder layer is made, as far as memory depends on it. */
export interface ModelLayout {
  /** Steps of this family were recorded (bench/memory); of others the estimate is a cautious one. */
  recorded: boolean;
  /** The output layer is the embeddings' weight. */
  tied_embeddings: boolean;
  attention_heads: number;
  /** Queries and keys are normalized: each is kept once more. */
  qk_norm: boolean;
  /** The outputs of attention and MLP are normalized besides their inputs. */
  sandwich_norm: boolean;
  /** Hidden states that pass the layers side by side, as Gemma 3n's do (AltUp); one, if not said. */
  streams?: number;
  /** `eager` where transformers has no sdpa for the family: the scores of all heads are kept. */
  attention: 'sdpa' | 'eager' | 'eager_16_bits';
  /** Some layers have linear attention in place of softmax: torch's chunked delta rule keeps several times as much. */
  linear_attention: boolean;
  /** Tokens; a sequence that is longer gets an attention mask of its own. */
  sliding_window: number | null;
  /** Query, key and value in one matrix; gate and up in one. */
  fused: { attention: boolean; mlp: boolean };
  /** A mixture of experts; `intermediate_size` is one expert's. `adapted`: peft gives them adapters. */
  experts: {
    count: number;
    per_token: number;
    intermediate_size: number;
    adapted: boolean;
    /** Of an expert that every token passes, its intermediate size. */
    shared?: number;
  } | null;
}

const positive = z.number().int().positive();
/** What can't be read counts as absent. */
const count = z.number().int().positive().nullish().catch(null);
const LayoutConfig = z.object({
  model_type: z.string().nullish().catch(null),
  num_attention_heads: positive,
  layer_types: z.array(z.string()).nullish().catch(null),
  sliding_window: count,
  use_sliding_window: z.boolean().nullish().catch(null),
  num_experts: count,
  num_local_experts: count,
  n_routed_experts: count,
  num_experts_per_tok: count,
  moe_intermediate_size: count,
  shared_expert_intermediate_size: count,
  intermediate_size: count,
  altup_num_inputs: count,
});

type Traits = Partial<Pick<ModelLayout, 'qk_norm' | 'sandwich_norm' | 'attention' | 'linear_attention' | 'fused'>>;

/** How transformers 5.23 makes the families whose steps were recorded (models/<family>/modeling_<family>.py). */
const RECORDED: Record<string, Traits> = {
  llama: {},
  mistral: {},
  mixtral: {},
  qwen2: {},
  qwen2_5_vl: {},
  qwen3: { qk_norm: true },
  qwen3_vl: { qk_norm: true },
  qwen3_moe: { qk_norm: true },
  qwen3_5: { qk_norm: true, linear_attention: true },
  gemma: {},
  gemma2: { sandwich_norm: true, attention: 'eager' },
  gemma3: { qk_norm: true, sandwich_norm: true },
  phi3: { fused: { attention: true, mlp: true } },
  glm4: { sandwich_norm: true, fused: { attention: false, mlp: true } },
  granite: {},
  smollm3: {},
  olmo2: { qk_norm: true, sandwich_norm: true },
  olmoe: { qk_norm: true },
  gpt_oss: { attention: 'eager_16_bits' },
};
/** Of a family that wasn't: all that takes memory, and eager attention where transformers has no sdpa for it. */
const OTHER: Traits = { qk_norm: true, sandwich_norm: true };
const EAGER = /^(vaultgemma|granite_swa|granitemoe_swa|mimo_v2_flash|hy_v4)$/;

/** Experts that are no linear layers and that peft 0.21 doesn't turn to (peft/utils/transformers_weight_conversion.py). */
const UNADAPTED = /^(gpt_oss|granitemoe|granitemoeshared|phimoe|qwen2_moe|qwen3_5_moe)$/;

/** The layout that a text configuration describes. */
export function readLayout(text: unknown, tied: boolean): ModelLayout {
  const config = LayoutConfig.parse(text);
  const type = (config.model_type ?? '').replace(/_text$/, '');
  const recorded = RECORDED[type];
  const experts = config.num_experts ?? config.num_local_experts ?? config.n_routed_experts ?? 0;
  const expert_size = config.moe_intermediate_size ?? config.intermediate_size ?? 0;
  return {
    recorded: recorded !== undefined,
    tied_embeddings: tied,
    attention_heads: config.num_attention_heads,
    qk_norm: false,
    sandwich_norm: false,
    ...(config.altup_num_inputs ? { streams: config.altup_num_inputs } : {}),
    linear_attention: config.layer_types?.some((layer) => /linear|mamba/.test(layer)) ?? false,
    attention: EAGER.test(type) ? 'eager' : 'sdpa',
    sliding_window: config.use_sliding_window === false ? null : (config.sliding_window ?? null),
    fused: { attention: false, mlp: false },
    ...(recorded ?? OTHER),
    experts:
      experts > 1 && expert_size > 0
        ? {
            count: experts,
            per_token: config.num_experts_per_tok ?? 1,
            intermediate_size: expert_size,
            adapted: !UNADAPTED.test(type),
            ...(config.shared_expert_intermediate_size ? { shared: config.shared_expert_intermediate_size } : {}),
          }
        : null,
  };
}
