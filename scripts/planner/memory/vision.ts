import type { VisionTower } from '../model-facts/vision-tower.ts';
import type { Phase, Step } from './step.ts';

interface Kept {
  /** Between pixels and decoder, without the layers. */
  between: number;
  /** Of a layer, where it isn't checkpointed: of adapters, and of all weights in fp32. */
  layer: { adapted: number; trained: number };
}

/**
 * Bytes a patch and hidden size: read off the recorded steps (bench/memory/pictures.jsonl), the most of each kind. What a
 * checkpointed layer keeps is its input. The tower is trained wherever the decoder is: TRL freezes nothing.
 */
const KEPT: Record<VisionTower['kind'], Kept> = {
  qwen2_5_vl: { between: 17, layer: { adapted: 50, trained: 56 } },
  qwen3_vl: { between: 42, layer: { adapted: 42, trained: 57 } },
  gemma3: { between: 12, layer: { adapted: 41, trained: 42 } },
  smolvlm: { between: 14, layer: { adapted: 39, trained: 42 } },
  llava: { between: 38, layer: { adapted: 51, trained: 72 } },
  other: { between: 42, layer: { adapted: 51, trained: 72 } },
};
/** The same, of a layer at the fullest moment of its way back, with what it keeps. */
const INSIDE = { adapted: 62, trained: 62 };

/**
 * The tower's activations wait through all of the decoder's step; its own way back is the last, when the decoder's
 * gradients are all there.
 */
export function withTower(step: Step, phases: readonly Phase[]): Phase[] {
  const { tower } = step.facts;
  if (!tower || step.picture_patches === 0) return [...phases];
  const elements = step.batch.sequences * step.picture_patches * tower.hidden_size;
  const { between, layer } = KEPT[tower.kind];
  const fp32 = step.mode === 'full' && step.states.trained_bytes === 4;
  const regime = fp32 ? 'trained' : 'adapted';
  const kept = elements * (between + tower.layers * (step.checkpointing ? (fp32 ? 4 : 2) : layer[regime]));
  return phases.flatMap((phase) => {
    if (phase.name === 'optimizer' || phase.name === 'generation') return [phase];
    const waiting = { ...phase, activations: phase.activations + kept };
    if (phase.name !== 'embedding_backward') return [waiting];
    return [waiting, { ...waiting, activations: kept + elements * INSIDE[regime] }];
  });
}
