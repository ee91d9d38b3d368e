/**
 * How a model's processor makes tokens of a picture, as plain data. Lengths in pixels; `patches` of one tile,
 * which its vision tower computes together, and where a tile has tokens of its own, `tokens`, too.
 */
export type PictureRules =
  /** Resized to one size: LLaVA 1.5, Gemma 3, PaliGemma, Idefics 2. */
  | { kind: 'fixed'; tokens: number; tiles: number; patches: number }
  /** Resized within an area, to multiples of merged patches: Qwen-VL, GLM-V (`frames` 2: a picture counts twice). */
  | { kind: 'area'; patch: number; merge: number; min_pixels: number; max_pixels: number; frames: 1 | 2 }
  /** Resized to as many patches as may be: Gemma 4. */
  | { kind: 'budget'; patch: number; pool: number; max_tokens: number }
  /** Resized where its longer side is too long; a mark ends each row of patches: Pixtral, Mistral 3. */
  | { kind: 'longest_side'; side: number; patch: number; merge: number }
  /** Longer side resized, cut into tiles, the whole beside them, with marks before each tile: SmolVLM, Idefics 3. */
  | { kind: 'split'; side: number; tile: number; tokens: number; patches: number }
  /** Fitted into the best of several sizes, cut into tiles, the whole beside them: LLaVA-NeXT, LLaVA-OneVision. */
  | {
      kind: 'any_resolution';
      sizes: readonly (readonly [height: number, width: number])[];
      tile: number;
      /** Patches along a side of a tile. */
      grid: number;
      /** Tiles' tokens that are kept at most; null where all are. */
      max_tiles: number | null;
      /** Whether a picture that isn't its row's only one gets a single tile. */
      alone: boolean;
    }
  /** Cut into tiles of the best aspect ratio, the whole beside them, a mark before and after: InternVL. */
  | {
      kind: 'canvas';
      width: number;
      height: number;
      min_tiles: number;
      max_tiles: number;
      tokens: number;
      patches: number;
    }
  /** One token, which looks at the picture's tiles in layers of its own: Llama 3.2 Vision. */
  | { kind: 'cross_attention'; tiles: number; patches: number }
  /** A processor that is not known here: every merged patch of the whole picture counts, and no fewer than `least`. */
  | { kind: 'unknown'; name: string; patch: number; merge: number; least: number };
