import type { Recipe } from '../../plan/schema.ts';
import { CALIBRATION, linearWeights, type Processor, type Shape } from './step.ts';

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

/**
 * What vLLM takes of a GPU: it reads at 0.9 of the bandwidth, and each layer of a step takes 0.11 ms, its kernels being
 * launched as one graph. On an A100 80 GB, one sequence, it wrote 312, 183, 84 and 46 tokens a second with Qwen2.5 0.5 B,
 * 1.5 B, 7 B and 14 B (QwenLM/Qwen2.5, docs/source/benchmark/speed_benchmark.rst), and on an A100 40 GB 75 with Llama 3.1
 * 8 B (johnmusgrave.com, "vLLM throughput-latency sweep"): within 1.2 of this, all of them.
 */
const VLLM = { bandwidth: 0.9, layer_seconds: 0.00011 };

/** As `decodingSeconds`, written by vLLM in 16 bits, whatever the training keeps. */
export function vllmDecodingSeconds(generation: Omit<Generation, 'mode' | 'weight_bytes'>, on: Processor): number {
  const { shape, sequences, context } = generation;
  const cache = sequences * context * shape.layers * 2 * shape.key_value_size * 2;
  const moving = (shape.parameters * 2 + cache) / (VLLM.bandwidth * on.bandwidth);
  return moving + (2 * sequences * shape.parameters) / on.flops + shape.layers * VLLM.layer_seconds;
}

/**
 * Its packages (about 3 GB more), and its start: it compiles the model and records its graphs. No figure is published
 * for the two together; a cautious one.
 */
export const VLLM_STARTUP_SECONDS = 240;
