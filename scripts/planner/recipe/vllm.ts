import type { JsonValue } from '../../plan/json.ts';
import type { Recipe } from '../../plan/schema.ts';
import type { ModelFacts } from '../model-facts.ts';
import { numberOr, type Target, type Workload } from '../workload.ts';
import { answerTokens } from './lengths.ts';
import { methodRecipe } from './method-recipe.ts';
import verified from './vllm-architectures.json' with { type: 'json' };

const GIB = 2 ** 30;
/** Beside weights and cache: 4096 tokens of a prefill, CUDA graphs, NCCL; vLLM logs 1 to 2 GiB for small models. */
const OVERHEAD_GIB = 2;

/**
 * vLLM in the training process, on the same GPU (TRL's "colocate"), writes the answers of GRPO and RLOO. What can't use
 * it: GPUs before Ampere, 4-bit weights (each step's change would be rounded away when they are merged), pictures, and
 * architectures that were not tried. Why not, or null.
 */
export function whyNoVllm(work: Workload): string | null {
  const { method, report, facts, request } = work;
  if (methodRecipe(method).generation === null) return 'it writes answers, which GRPO and RLOO alone learn from';
  if (report.vision) return 'rows with pictures are answered by transformers';
  if (request.lora === 'qlora') return 'with 4-bit weights answers are written by transformers';
  if (!hasVllm(facts)) return `${facts.architecture ?? 'this model'} was not tried with it`;
  return null;
}

const hasVllm = ({ architecture, layout }: ModelFacts): boolean =>
  layout.experts === null && verified.architectures.includes(architecture ?? '');

/** Whether answers are written with vLLM, without, or whichever way is faster. */
export function writersFor(
  work: Workload,
  { mode, target }: { mode: Recipe['mode']; target: Target },
  processes: number,
  backend: 'hf' | 'local',
): boolean[] {
  const asked = work.request.set?.use_vllm;
  const gpu = target.kind === 'cuda' && target.bf16 && processes === 1;
  const possible = gpu && mode !== 'qlora' && whyNoVllm(work) === null;
  if (asked === true) return possible ? [true] : [];
  // Another machine's drivers and compilers are not ours to try.
  return asked === undefined && possible && backend === 'hf' ? [false, true] : [false];
}

/** The recipe, with answers written by vLLM: a share of the GPU of its own, as large as its weights and cache need. */
export function withVllm(work: Workload, recipe: Recipe, gpu_gib: number): Recipe {
  const { training_args: args } = recipe;
  const together = numberOr(args.per_device_train_batch_size, 1) * numberOr(args.gradient_accumulation_steps, 1);
  const tokens = together * (work.tokens.max + answerTokens(work));
  const { parameters, layers, key_value_size } = work.facts;
  const gib = OVERHEAD_GIB + (2 * parameters + tokens * layers * 2 * key_value_size * 2) / GIB;
  const own: Record<string, JsonValue> = {
    use_vllm: true,
    vllm_mode: 'colocate',
    vllm_gpu_memory_utilization: Math.min(0.9, Math.ceil((20 * gib) / gpu_gib) / 20),
    // As long as its share of the memory allows: a prompt longer than any that was measured must not end the run.
    vllm_max_model_length: -1,
  };
  return { ...recipe, training_args: { ...args, ...own, ...work.request.set } };
}

export const usesVllm = ({ training_args }: Pick<Recipe, 'training_args'>): boolean => training_args.use_vllm === true;

/** GiB that vLLM takes at its start and keeps. */
export const vllmGib = (recipe: Recipe, gpu_gib: number): number =>
  usesVllm(recipe) ? gpu_gib * numberOr(recipe.training_args.vllm_gpu_memory_utilization, 0.3) : 0;
