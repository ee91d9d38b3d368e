import type { VisionTower } from '../model-facts/vision-tower.ts';
import type { MicroBatch } from './step.ts';

/** Of a sequence: pictures, their pixels, patches in the vision tower, and pairs of these that look at each other. */
export interface Pictures {
  pictures: number;
  pixels: number;
  patches: number;
  pairs: number;
}

/**
 * Seconds of a CPU in which pictures are decoded and taken apart, each time that they are trained on: TRL's collator does
 * it, in the process that trains. Qwen2VLImageProcessor (transformers 5.23) took 0.05 s for JPEG and PNG files of
 * 512x512, 0.13 of 1920x1080, and 0.37 to 0.49 of 3840x2160, on two cloud cores.
 */
export const preparingSeconds = ({ sequences }: MicroBatch, { pictures, pixels }: Pictures): number =>
  sequences * (0.035 * pictures + 0.05e-6 * pixels);

/** Patches of a window: 112 pixels, by 14 (Qwen2.5-VL). */
const WINDOW = 64;

/**
 * The pictures of a batch on their way through the vision tower, as a batch of sequences through layers of its sizes.
 * Each patch looks at all others of its tile; a decoder's token at half of them, so that these sequences are twice as
 * long. Null where there are none.
 */
export function throughTower(tower: VisionTower, batch: MicroBatch, pictures: Pictures): MicroBatch | null {
  const patches = batch.sequences * pictures.patches;
  if (patches === 0) return null;
  const full = tower.full_attention_layers / tower.layers;
  const tokens = 2 * (full * (pictures.pairs / pictures.patches) + (1 - full) * WINDOW);
  return {
    ...batch,
    packed: false,
    sequences: patches / tokens,
    tokens,
    shape: {
      parameters: 0, // counted with the whole model
      hidden_size: tower.hidden_size,
      layers: tower.layers,
      // Two matrices where there is no gate, not three.
      intermediate_size: tower.gated ? tower.intermediate_size : (2 / 3) * tower.intermediate_size,
      query_size: tower.hidden_size,
      key_value_size: tower.hidden_size,
      vocab_size: 0,
    },
  };
}
