import type { Plan, PlanDataset, PlanModel, Recipe } from '../plan/schema.ts';
import { rewardDependencies } from './reward-parts.ts';

/**
 * The one place where the training packages are pinned. These versions were run together; no upgrade without
 * the tests in test/train.
 */
const ALWAYS = [
  'torch==2.13.0',
  'trl==1.16.0',
  'transformers==5.23.0',
  'datasets==5.2.0',
  'accelerate==1.15.0',
  'trackio==0.43.0',
  'huggingface_hub==2.4.0',
];
const PEFT = 'peft==0.21.2';
/** What transformers takes pictures apart with. */
const PICTURES = ['torchvision==0.28.0', 'pillow==12.3.0'];
/** SmolVLM's processor asks for it: it writes numbers of frames as words. */
const NUMBER_WORDS = 'num2words==0.5.14';
const BITSANDBYTES = 'bitsandbytes==0.50.2';
/** Attention kernels of the Hub (`kernels-community/...`), in the range that transformers 5.23 asks for. */
const KERNELS = 'kernels>=0.18.2,<0.19';

/**
 * Writes the answers that GRPO and RLOO learn from. TRL 1.16 takes 0.22 to 0.31; this one is built for torch 2.13. For
 * Linux and CUDA 13.
 */
const VLLM = 'vllm==0.30.0';

/** PEP 440. */
export const REQUIRES_PYTHON = '>=3.10';
/** ISO 8601. What the pins bring along doesn't change after this moment. */
export const EXCLUDE_NEWER = '2026-11-20T00:00:00Z';

/** PEP 508 requirements of a plan's script. */
export function scriptDependencies({
  recipe,
  model,
  dataset = {},
  reward = null,
}: {
  recipe: Pick<Recipe, 'mode' | 'attn_implementation'> & Partial<Pick<Recipe, 'training_args'>>;
  model: Pick<PlanModel, 'adapter'> & Partial<Pick<PlanModel, 'architecture'>>;
  dataset?: Pick<PlanDataset, 'vision'>;
  reward?: Plan['reward'];
}): string[] {
  return [
    ...ALWAYS,
    ...(dataset.vision || seesPictures(model) ? PICTURES : []),
    ...(model.architecture === 'SmolVLMForConditionalGeneration' ? [NUMBER_WORDS] : []),
    ...(recipe.mode !== 'full' || model.adapter ? [PEFT] : []),
    ...(recipe.mode === 'qlora' ? [BITSANDBYTES] : []),
    ...(recipe.attn_implementation?.includes('/') ? [KERNELS] : []),
    ...(recipe.training_args?.use_vllm === true ? [VLLM] : []),
    ...rewardDependencies(reward),
  ];
}

/** Whether a model that we train has a part for pictures: language models are called ...ForCausalLM. */
export const seesPictures = ({ architecture }: Partial<Pick<PlanModel, 'architecture'>>): boolean =>
  architecture?.endsWith('ForConditionalGeneration') ?? false;
