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
const BITSANDBYTES = 'bitsandbytes==0.50.2';
/** Attention kernels of the Hub (`kernels-community/...`), in the range that transformers 5.23 asks for. */
const KERNELS = 'kernels>=0.18.2,<0.19';

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
  recipe: Pick<Recipe, 'mode' | 'attn_implementation'>;
  model: Pick<PlanModel, 'adapter'>;
  dataset?: Pick<PlanDataset, 'vision'>;
  reward?: Plan['reward'];
}): string[] {
  return [
    ...ALWAYS,
    ...(dataset.vision ? PICTURES : []),
    ...(recipe.mode !== 'full' || model.adapter ? [PEFT] : []),
    ...(recipe.mode === 'qlora' ? [BITSANDBYTES] : []),
    ...(recipe.attn_implementation?.includes('/') ? [KERNELS] : []),
    ...rewardDependencies(reward),
  ];
}
