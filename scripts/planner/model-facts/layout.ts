import * as z from 'zod';
import { type Experts, readExperts } from './experts.ts';
import { hasLinearAttention, type Mixers, readMixers } from './mixers.ts';

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
  /** By what its layers mix tokens, where that isn't softmax attention alone. */
  mixers?: Mixers;
  /** Tokens; a sequence that is longer gets an attention mask of its own. */
  sliding_window: number | null;
  /** Query, key and value in one matrix; gate and up in one. */
  fused: { attention: boolean; mlp: boolean };
  experts: Experts | null;
}

const positive = z.number().int().positive();
/** What can't be read counts as absent. */
const count = z.number().int().positive().nullish().catch(null);
const LayoutConfig = z.object({
  model_type: z.string().nullish().catch(null),
  num_attention_heads: positive,
  num_hidden_layers: count,
  sliding_window: count,
  use_sliding_window: z.boolean().nullish().catch(null),
  altup_num_inputs: count,
});

type Traits = Partial<Pick<ModelLayout, 'qk_norm' | 'sandwich_norm' | 'attention' | 'fused'>>;

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
  qwen3_5: { qk_norm: true },
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

/** The layout that a text configuration describes. */
export function readLayout(text: unknown, tied: boolean): ModelLayout {
  const config = LayoutConfig.parse(text);
  const type = (config.model_type ?? '').replace(/_text$/, '');
  const recorded = Object.hasOwn(RECORDED, type) ? RECORDED[type] : undefined;
  const mixers = readMixers(text, type, config.num_hidden_layers ?? null);
  return {
    recorded: recorded !== undefined,
    tied_embeddings: tied,
    attention_heads: config.num_attention_heads,
    qk_norm: false,
    sandwich_norm: false,
    ...(config.altup_num_inputs ? { streams: config.altup_num_inputs } : {}),
    linear_attention: hasLinearAttention(mixers),
    ...(Object.keys(mixers).some((mixer) => mixer !== 'attention') ? { mixers } : {}),
    attention: EAGER.test(type) ? 'eager' : 'sdpa',
    sliding_window: config.use_sliding_window === false ? null : (config.sliding_window ?? null),
    fused: { attention: false, mlp: false },
    ...(recorded ?? OTHER),
    experts: readExperts(text, type),
  };
}
