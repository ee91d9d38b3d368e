import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import type { StoredTensor } from './safetensors.ts';

/** Files of a model repository or folder, as far as we read them. Injected: the Hub or a folder. */
export interface ModelFiles {
  id: string;
  source: 'hub' | 'local';
  /** Commit; null for a folder. */
  revision: string | null;
  /** Paths, relative to the root. */
  files: readonly string[];
  /** Parsed JSON file at the root; null where there is none. */
  json(path: string): Promise<unknown>;
  /** A text file; null where there is none. Throws TrainerError `file_too_large` above MAX_TEXT_BYTES. */
  text(path: string): Promise<string | null>;
  /** What the safetensors headers list; null where there are no safetensors weights that transformers loads. */
  weights(): Promise<StoredTensor[] | null>;
}

/** The largest tokenizers of today (Gemma 3, 262,000 tokens) take 33 MB. */
export const MAX_TEXT_BYTES = 100_000_000;

export function tooLarge(path: string): TrainerError {
  return new TrainerError(
    'usage',
    'file_too_large',
    `${preview(path, 200)} has more than ${MAX_TEXT_BYTES / 1e6} MB`,
    'Choose another model.',
  );
}
