import type { Recipe } from '../plan/schema.ts';
import { CALIBRATION, linearWeights, type Processor, type Shape } from './step-time.ts';

export interface Generation {
  shape: Shape;
  mode: Recipe['mode'];
  weight_bytes: number;
  /** Answers written side by side. */
  sequences: number;
  /** Of the prompt and half of the answer: what each new token looks at. */
  context: number;
}

/**
 * Launches of a layer for one token by transformers' `generate`, against those of a forward pass in training: 28 layers
 * without adapters took 28 ms, with adapters on two of seven matrices 34 ms (the evaluations in huggingface/peft
 * method_comparison/MetaMathQA on an L40S: up to 300 tokens for 50 questions); adapters on all of them in proportion.
 */
const LAUNCHES = { full: 0.7, lora: 1.25 };

/** Seconds for one new token of every answer: all weights and all keys and values are read once. */
export function decodingSeconds(generation: Generation, on: Processor): number {
  const { shape, mode, weight_bytes, sequences, context } = generation;
  const cache = sequences * context * shape.layers * 2 * shape.key_value_size * weight_bytes;
  const moving = (shape.parameters * (mode === 'qlora' ? 0.55 : weight_bytes) + cache) / on.bandwidth;
  const unpacking = mode === 'qlora' ? (CALIBRATION.dequantize_bytes * linearWeights(shape)) / on.bandwidth : 0;
  const computing = (2 * sequences * shape.parameters) / on.flops;
  const launching = shape.layers * LAUNCHES[mode === 'full' ? 'full' : 'lora'] * on.layer_seconds;
  return Math.max(moving + computing, launching) + unpacking;
}
