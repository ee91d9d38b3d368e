import type { Recipe } from '../../plan/schema.ts';
import type { Shape } from './step.ts';

/** What a job does besides passing tokens through the model. */
export interface FixedInput {
  shape: Shape;
  mode: Recipe['mode'];
  /** Parameters that are trained. */
  trained: number;
  /** Bytes of a weight in memory. */
  weight_bytes: number;
  /** Tokens of all rows, once: they are tokenized before training. */
  data_tokens: number;
  /** Processes that do so side by side. */
  tokenizers: number;
  checkpoints: number;
  /** FSDP2, whose checkpoints have the weights twice. */
  sharded?: boolean;
  /** Whether a frozen copy of the whole model is read beside it, which a method compares with. */
  reference?: boolean;
  /** Whether the model is an adapter, which is merged into its base first. */
  adapter?: boolean;
  backend: 'hf' | 'local';
}

/** Seconds by kind. */
export interface FixedSeconds {
  setup: number;
  checkpoints: number;
  saving: number;
  /** Not of a run that ends well: to save where it has to stop, a checkpoint or the model, and upload that. */
  stopping: number;
}

/**
 * Image, uv's install of torch and TRL, the first imports, making the repository: no figures are published. uv took
 * 13 s from a mirror for the 1.2 GB of the CPU build and importing took 15 s; the CUDA build is about 4 GB more, the
 * image has to be pulled first. On this machine the environment is there already.
 */
const STARTUP_SECONDS = { hf: 150, local: 20 };
/** Hub and machine, bytes a second: assumed, cautiously for a datacenter. */
const TRANSFER_BYTES_PER_SECOND = 80e6;
/** Weights to memory and checkpoints to disk: assumed, of a cloud disk. */
const DISK_BYTES_PER_SECOND = 400e6;
/** `Dataset.map` with a chat template and a BPE of Qwen's size, one process: measured on one shared core. */
const TOKENIZED_PER_SECOND = 130e3;
/** What a further process adds: a virtual CPU is half a core. */
const FURTHER_PROCESS = 0.5;
/** One commit, and looking at what the Hub then holds. */
const COMMIT_SECONDS = 10;
/** What a trained model waits for its last checkpoint's upload, at most: as in training/run.py. */
const LAST_UPLOAD_SECONDS = 60;

export function fixedSeconds(input: FixedInput): FixedSeconds {
  const { shape, mode, trained, weight_bytes, data_tokens, backend } = input;
  const hub = backend === 'hf';
  // The Hub has 16-bit weights; a whole model is saved as it is in memory.
  const download = shape.parameters * 2;
  const whole = shape.parameters * weight_bytes;
  // What is merged is written once, and then read as the model; an adapter to it is merged again, and all of it saved.
  const merged = input.adapter === true;
  const read = (merged ? whole : download) * (input.reference ? 2 : 1);
  const merging = merged ? download + whole : 0;
  const model = mode === 'full' || merged ? whole : trained * 4;
  const mergingAgain = mode !== 'full' && merged ? whole : 0;
  // Trained weights and AdamW's two states.
  const checkpoint = trained * (4 + 8 + (input.sharded ? 4 : 0));
  const upload = (bytes: number): number => (hub ? COMMIT_SECONDS + bytes / TRANSFER_BYTES_PER_SECOND : 0);
  const saving = (mergingAgain + model) / DISK_BYTES_PER_SECOND + upload(model);
  return {
    setup:
      STARTUP_SECONDS[backend] +
      (hub ? download / TRANSFER_BYTES_PER_SECOND : 0) +
      (merging + read) / DISK_BYTES_PER_SECOND +
      data_tokens / (TOKENIZED_PER_SECOND * (1 + FURTHER_PROCESS * (input.tokenizers - 1))),
    checkpoints: input.checkpoints * (checkpoint / DISK_BYTES_PER_SECOND),
    // Checkpoints are uploaded beside training.
    saving: saving + (input.checkpoints > 0 ? Math.min(LAST_UPLOAD_SECONDS, upload(checkpoint)) : 0),
    stopping: Math.max(saving, checkpoint / DISK_BYTES_PER_SECOND + upload(checkpoint)),
  };
}
