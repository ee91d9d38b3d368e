import type { Flavor } from '../../plan/flavor.ts';
import { knowsCard } from './accelerator.ts';

/**
 * What is guessed of a card that the table doesn't know, for the card that the person reads. `capability`: what the
 * driver says that it can do, where it was asked.
 */
export function unknownCard(flavor: Flavor, capability: number | null = null): string[] {
  if (knowsCard(flavor)) return [];
  const features = capability === null ? '; that it computes no bf16, which QLoRA and vLLM need, is a guess, too' : '';
  return [
    `This version doesn't know the card ${flavor.accelerator}: its speed, and so the time and the cost, is a guess${features}`,
  ];
}
