/** Files of a model repository or folder, as far as planning needs them. Injected: the Hub or a folder. */
export interface ModelFiles {
  id: string;
  source: 'hub' | 'local';
  /** Commit; null for a folder. */
  revision: string | null;
  /** Paths, relative to the root. */
  files: readonly string[];
  /** Parsed JSON file at the root; null where there is none. */
  json(path: string): Promise<unknown>;
  /** Counts from the safetensors headers; null where there are no safetensors weights. */
  weights(): Promise<ModelWeights | null>;
}

export interface ModelWeights {
  parameters: number;
  /** Whether the output layer is stored although it may be tied to the embeddings. */
  has_lm_head: boolean;
}
