import type { StoredTensor } from '../../hub/safetensors.ts';
import type { ModelLayout } from './layout.ts';
import { isLoaded, partOf } from './parts.ts';

/**
 * Every linear layer ("LoRA Without Regret", Schulman et al. 2025), but no router of experts: it is left as it is for
 * stability (Unsloth's guides to fine-tuning MoE, InternLM/xtuner pull 312). Where peft gives experts adapters, it adapts
 * the router with `all-linear`, too, whatever `exclude_modules` says (_convert_peft_config_moe); names in a pattern are
 * all that it takes. The experts' own gate_up_proj is asked for by the names of its parts; of Mixtral, w1 to w3.
 */
export function adaptedModules({ layout, architecture }: { layout: ModelLayout; architecture: string }): string {
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

/** Not adapted with `all-linear`: no linear layer of its own, or the output layer. */
const NOT_LINEAR = ['embeddings', 'output', 'norms', 'router'];
const EXPERT = /\.experts\.\d+\.(?<matrix>\w+)\.weight$/;
/** Of an expert, those that transformers keeps in one matrix: peft gives it twice the rank. */
const JOINED = /^(gate_proj|up_proj|w1|w3)$/;
/** peft takes these names for the experts' wherever it adapts experts: an expert or MLP that all tokens pass gets none. */
const OF_EXPERTS = /\.(gate_proj|up_proj|down_proj|w[123])$/;
/** Learned positions of a vision tower. */
const POSITIONS = /\.(pos_embed|position_embedding)$/;

/**
 * Inputs and outputs of all that LoRA adapts, by the stored weights: times its rank, what it trains. null where the
 * experts aren't stored one by one and are adapted, too, and where no name is that of a layer.
 */
export function adaptedWidth(
  tensors: readonly StoredTensor[],
  model: { layout: ModelLayout; architecture: string; layers: number },
): number | null {
  const targets = adaptedModules(model);
  const asked = targets === 'all-linear' ? null : new RegExp(`^(?:${targets})$`);
  const experts = model.layout.experts?.adapted === true;
  let width = 0;
  for (const { name, shape } of tensors) {
    const [outputs = 0, inputs = 0] = shape;
    if (!isLoaded(name, model.layers)) continue;
    if (partOf(name) === 'experts') {
      const matrix = EXPERT.exec(name)?.groups?.matrix;
      if (experts && (matrix === undefined || shape.length !== 2)) return null;
      if (experts) width += inputs + outputs * (JOINED.test(matrix ?? '') ? 2 : 1);
      continue;
    }
    const module = name.replace(/\.weight$/, '');
    if (shape.length !== 2 || module === name || POSITIONS.test(module)) continue;
    if (experts && OF_EXPERTS.test(module)) continue;
    if (asked ? asked.test(module) : !NOT_LINEAR.includes(partOf(name))) width += inputs + outputs;
  }
  return width > 0 ? width : null;
}
