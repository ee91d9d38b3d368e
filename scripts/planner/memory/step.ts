import type { ModelFacts } from '../model-facts.ts';
import type { Batch, Fitted } from './layer.ts';
import type { Optimizer } from './optimizer.ts';
import { type Mode, parameterParts, type States } from './states.ts';

/** What lives in a phase of the training step besides the states, in bytes. */
export interface Phase {
  name:
    | 'forward'
    | 'head'
    | 'head_backward'
    | 'layers_backward'
    | 'embedding_backward'
    | 'optimizer'
    | 'reference'
    | 'evaluation'
    | 'generation';
  gradients: number;
  /** 16-bit copies of trained weights that autocast makes. */
  casts: number;
  activations: number;
  loss: number;
}

export interface Step {
  facts: ModelFacts;
  mode: Mode;
  states: States;
  batch: Batch;
  checkpointing: boolean;
  /** Tokens of a sequence that the loss scores; null where one score of a sequence takes the output layer's place. */
  scored: number | null;
  /** Of the pictures of a sequence, in the vision tower. */
  picture_patches: number;
  /** Whether gradients of earlier batches of the same optimizer step are there already. */
  accumulated: boolean;
  optimizer: Optimizer;
  /** 16 bits by autocast, as on a GPU; or fp32 throughout, as on a CPU. */
  compute: 'mixed' | 'fp32';
}

/** The model as a classifier: its embeddings without their counterpart. */
export function withoutOutputLayer(facts: ModelFacts): ModelFacts {
  const { layout, vocab_size, hidden_size } = facts;
  if (layout.tied_embeddings) return facts;
  const layer = vocab_size * hidden_size;
  return {
    ...facts,
    parameters: facts.parameters - layer,
    layout: { ...layout, tied_embeddings: true },
    ...(facts.parts ? { parts: { ...facts.parts, output: 0 } } : {}),
  };
}

/** All weights in 16 bits keep what a frozen base does; that was recorded beside 4-bit weights. So does fp32 throughout. */
export function fittedFor({ mode, states, compute }: Step, fitted: Fitted): Fitted[Mode] {
  return fitted[compute === 'fp32' ? 'full' : mode === 'full' && states.trained_bytes !== 4 ? 'qlora' : mode];
}

/** Bytes of the 16-bit copies of all trained weights. */
export function castsOf({ facts, mode, states, compute }: Step): number {
  if (compute === 'fp32') return 0;
  if (mode === 'full') return states.trained_bytes === 4 ? 2 * parameterParts(facts).linear : 0;
  return states.trained_bytes === 4 ? states.adapters / 2 : 0;
}
