import type { ModelFacts } from '../model-facts.ts';
import {
  type Batch,
  bytesOf,
  type Coefficients,
  FITTED,
  type Fitted,
  hasMask,
  layerFeatures,
  layerWeights,
} from './layer.ts';
import { type Mode, parameterParts, type States } from './states.ts';

/** What lives in a phase of the training step besides the states, in bytes. */
export interface Phase {
  name: 'forward' | 'head' | 'head_backward' | 'layers_backward' | 'embedding_backward' | 'optimizer' | 'generation';
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
  /** Whether gradients of earlier batches of the same optimizer step are there already. */
  accumulated: boolean;
  /** `foreach` makes a copy of the trained weights' size (torch's _multi_tensor_adamw); `fused`, TRL's default, none. */
  optimizer: 'fused' | 'foreach';
  /** 16 bits by autocast, as on a GPU; or fp32 throughout, as on a CPU. */
  compute: 'mixed' | 'fp32';
}

/**
 * TRL 1.16 computes the loss over tiles of 4096 tokens x 32768 vocabulary entries (trl/kernels/chunked_logprob.py). Bytes
 * an entry: with Triton a tile is folded in place, in 16 bits; without it (CPU, MPS) torch makes several of it in fp32.
 */
const LOSS_TILE = { tokens: 4096, vocabulary: 32_768 };
const TILE_BYTES = { mixed: { forward: 2, backward: 2 }, fp32: { forward: 17, backward: 33 } };
/**
 * Bytes a token and hidden size that the loss holds, forward and backward: the hidden states, those of the scored tokens
 * side by side, their gradient in fp32 and in the states' dtype. Counted in the recorded steps.
 */
const HEAD = {
  full: { forward: 18, backward: 18 },
  half: { forward: 10, backward: 12 },
  fp32: { forward: 4, backward: 8 },
};
/** What a layer holds in fp32 throughout, against fp32 with 16-bit products: no recorded step is above it. */
const FP32_LAYER = 1.8;

/**
 * The phases of a training step; the peak is the fullest of them. Which tensors live when was read off recorded steps of
 * the real architectures (bench/memory), where each phase was counted by itself; only the inside of a layer is fitted.
 */
export function phases(step: Step, fitted: Fitted = FITTED): Phase[] {
  const { facts, mode, states, batch, checkpointing, accumulated } = step;
  const { hidden_size: h, layers, vocab_size, intermediate_size, layout } = facts;
  const full = mode === 'full';
  const mixed = step.compute === 'mixed';
  const fp32 = full && states.trained_bytes === 4;
  const tokens = batch.sequences * batch.length;
  const residual = tokens * h * (fp32 || !mixed ? 4 : 2);
  const features = layerFeatures(facts, batch, fp32);
  // All weights in 16 bits keep what a frozen base does; that was recorded beside 4-bit weights.
  const own = fitted[!mixed ? 'full' : full && !fp32 ? 'qlora' : mode];
  const inside = (of: Coefficients): number => bytesOf(features, of) * (mixed ? 1 : FP32_LAYER);

  const { linear, experts } = parameterParts(facts);
  const head = full ? vocab_size * h * states.trained_bytes : 0;
  const layerGradients = full ? (linear + experts) * states.trained_bytes : states.gradients;
  const before = accumulated ? states.gradients : 0;
  // The embeddings' gradient waits for the output layer's where they are one weight.
  const waiting = accumulated && !layout.tied_embeddings ? 0 : head;
  const down = full && !accumulated ? intermediate_size * h * states.trained_bytes : 0;

  const mask = hasMask(facts, batch) ? batch.sequences * batch.length ** 2 : 0;
  const layer = checkpointing ? residual : inside(own.plain.kept);
  // The first layer's input needs no gradient where the embeddings are frozen: its fp32 copy is not kept.
  const kept = mask + layers * layer - (checkpointing || full ? 0 : 4 * tokens * h);
  const castAll = !mixed ? 0 : fp32 ? 2 * (linear + experts) : mode === 'lora' ? states.adapters / 2 : 0;
  const castKept = checkpointing ? 0 : castAll;
  const hidden = HEAD[!mixed ? 'fp32' : fp32 ? 'full' : 'half'];
  const { forward, backward } = TILE_BYTES[step.compute];
  const tile = Math.min(tokens, LOSS_TILE.tokens) * Math.min(vocab_size, LOSS_TILE.vocabulary);
  const chunk = fp32 && mixed ? 2 * Math.min(vocab_size, LOSS_TILE.vocabulary) * h : 0;
  const moment = inside(checkpointing ? own.checkpointed.inside : own.plain.inside);
  // A 4-bit weight is made whole for its product; the largest is one of the MLP's.
  const whole = mode === 'qlora' ? 2 * h * intermediate_size * (layout.fused.mlp ? 2 : 1) : 0;
  const castInside = whole + (fp32 && mixed && checkpointing ? 2 * layerWeights(facts) : castKept);

  return [
    // The last layer's. With checkpointing its backward, which repeats it, is fuller.
    {
      name: 'forward',
      gradients: before,
      casts: castAll,
      activations: kept + (checkpointing ? 0 : inside(own.plain.forward)),
      loss: 0,
    },
    {
      name: 'head',
      gradients: before,
      casts: castAll,
      activations: kept,
      loss: forward * tile + chunk + hidden.forward * tokens * h,
    },
    {
      name: 'head_backward',
      // It is summed up in fp32 first.
      gradients: before + head + (full && !fp32 ? 4 * vocab_size * h : 0),
      casts: castKept,
      activations: kept,
      loss: backward * tile + 2 * chunk + hidden.backward * tokens * h,
    },
    // The last layer is the first to go back: all others are still kept, and no other has a gradient yet.
    {
      name: 'layers_backward',
      gradients: before + waiting + down,
      casts: castInside,
      activations: kept + moment,
      loss: 0,
    },
    // The first layer: all others have their gradients.
    {
      name: 'layers_backward',
      gradients: accumulated ? before + waiting : (layerGradients * (layers - 1)) / layers + head + down,
      casts: castInside / (checkpointing ? 1 : layers),
      activations: mask + layer + moment,
      loss: 0,
    },
    {
      name: 'embedding_backward',
      gradients: (accumulated ? before + waiting : layerGradients + head) + head,
      casts: 0,
      activations: mask + 2 * residual,
      loss: 0,
    },
    {
      name: 'optimizer',
      gradients: states.gradients * (step.optimizer === 'foreach' ? 2 : 1),
      casts: 0,
      activations: 0,
      loss: 0,
    },
  ];
}

/** Answers are generated before a step trains on them: keys and values of their tokens in every layer. */
export function generation(facts: ModelFacts, sequences: number, length: number, weight_bytes: number): Phase {
  // One layer's are held twice while the cache grows by a token.
  const cache = sequences * length * (facts.layers + 1) * 2 * facts.key_value_size * weight_bytes;
  return { name: 'generation', gradients: 0, casts: 0, activations: cache, loss: 0 };
}
