import type { Recipe } from '../../plan/schema.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import type { ModelFacts } from '../model-facts.ts';
import { layersAgainstAttention } from './layer-costs.ts';

/** What of a model decides how long a pass takes. */
export type Shape = Pick<
  ModelFacts,
  'parameters' | 'hidden_size' | 'layers' | 'intermediate_size' | 'query_size' | 'key_value_size' | 'vocab_size'
> & { layout?: Pick<ModelFacts['layout'], 'experts' | 'mixers'> };

/** What computes: operations and bytes a second, and the least seconds that one layer takes, however little it does. */
export interface Processor {
  flops: number;
  bandwidth: number;
  layer_seconds: number;
}

/** One batch that passes the model and comes back. */
export interface MicroBatch {
  shape: Shape;
  mode: Recipe['mode'];
  /** Bytes of a trained weight in memory: 4 where it is cast to 16 bits in each pass. */
  weight_bytes: number;
  sequences: number;
  /** Of a sequence, padding included. */
  tokens: number;
  /** One sequence of several rows, which a mask keeps apart. */
  packed?: boolean;
  checkpointing: boolean;
  /** Forward passes without a way back, of a reference model for example. */
  extra_forwards: number;
  /** Of all linear layers, the share that carries an adapter. */
  adapted: number;
}

/**
 * Fitted to published runs with `npm run bench:time`, which also prints the errors on the runs that were left out;
 * rounded, and of numbers that fit equally well those that meet the tables of several GPUs best.
 * `attention`: its operations against those of matrix products, for the same number. `traffic`: bytes that
 * element-wise operations move against the count in `elementBytes`. `layer_seconds`: a layer's kernels are launched
 * one by one from Python. `backward_launches`: against those of a forward pass. `dequantize_bytes`: moved for each
 * 4-bit weight and pass. `optimizer_bytes`: moved for each trained weight and step, by AdamW and gradient clipping.
 */
export const CALIBRATION = {
  attention: 1.7,
  traffic: 1.55,
  layer_seconds: 0.00144,
  backward_launches: 1.9,
  dequantize_bytes: 15,
  optimizer_bytes: 65,
};
export type Calibration = typeof CALIBRATION;

/**
 * Bytes for each trained fp32 weight and batch: cast to 16 bits (read 4, write 2) forward and again in the
 * recomputation, and its 16-bit gradient cast and added to the fp32 sum (2 + 2 + 4 + 4 + 4).
 */
const CAST_BYTES = 28;
/** TRL's notebook for Nemotron 3 (30 B parameters, 3 B active) needs 3.6 ms a layer and pass where nothing else costs. */
const EXPERT_LAUNCHES = 2.5;
/** Twice the scores, in kernels that took 1.3 to 2 times as long (Dao 2023, FlashAttention-2, figures 4 and 5). */
const MASKED_ATTENTION = 3;
/** A CPU core in training, fp32, bound by memory as well: PyTorch's matrix products alone reached 0.026 TFLOP/s on a shared cloud core. */
const CPU_TFLOPS_PER_CORE = 0.02;
/** A model of four layers took 0.12 s a batch there: three passes. */
const CPU_LAYER_SECONDS = 0.01;

/** Without tensor cores, of their 16-bit peak: 8.1 of 65 TFLOP/s on a T4, 15.7 of 125 on a V100 (NVIDIA's data sheets). */
const FP32_SHARE = 1 / 8;

/** `fp32`: throughout, every number of twice the bytes. */
export const accelerated = (
  accelerator: Accelerator,
  calibration: Calibration = CALIBRATION,
  fp32 = false,
): Processor => ({
  flops: 1e12 * accelerator.tflops * accelerator.reachable * (fp32 ? FP32_SHARE : 1),
  bandwidth: (1e9 * accelerator.bandwidth_gb_s) / (fp32 ? 2 : 1),
  layer_seconds: calibration.layer_seconds,
});

export const cpu = (cores: number): Processor => ({
  flops: 1e12 * CPU_TFLOPS_PER_CORE * cores,
  bandwidth: Number.POSITIVE_INFINITY,
  layer_seconds: CPU_LAYER_SECONDS,
});

/** Seconds of one batch, forward and backward. */
export function microBatchSeconds(batch: MicroBatch, on: Processor, calibration: Calibration = CALIBRATION): number {
  const full = batch.mode === 'full';
  const recompute = batch.checkpointing ? 1 : 0;
  const forwards = 1 + recompute + batch.extra_forwards;
  // Backward costs the gradients of the activations, and of the weights where they are trained
  // (Kaplan et al. 2020, section 2.1); attention's 2.5 forwards (Dao 2023, FlashAttention-2, section 4.1).
  // The output layer is not recomputed.
  const linear = linearWeights(batch.shape) * (forwards + (full ? 2 : 1));
  const head = headWeights(batch.shape) * (forwards - recompute + (full ? 2 : 1));
  const attention = attentionFlops(batch) * (forwards + 2.5);
  const tokens = batch.sequences * batch.tokens;
  const elements = elementBytes(batch);
  const bytes =
    calibration.traffic * tokens * (elements.forward * forwards + elements.back) +
    (full && batch.weight_bytes === 4 ? CAST_BYTES * batch.shape.parameters : 0);
  const computing = (2 * tokens * (linear + head) + calibration.attention * attention) / on.flops;
  const layers = layerLaunches(batch);
  const launches = layers.forward * forwards + layers.back * calibration.backward_launches;
  const busy = Math.max(computing + bytes / on.bandwidth, launches * on.layer_seconds);
  return busy + (forwards + 1) * dequantizing(batch, on, calibration);
}

/** Seconds of one batch that is only evaluated. */
export function forwardSeconds(batch: MicroBatch, on: Processor, calibration: Calibration = CALIBRATION): number {
  const tokens = batch.sequences * batch.tokens;
  const passes = 1 + batch.extra_forwards;
  const weights = linearWeights(batch.shape) + headWeights(batch.shape);
  const computing = (2 * tokens * weights + calibration.attention * attentionFlops(batch)) / on.flops;
  const moving = (calibration.traffic * tokens * elementBytes(batch).forward) / on.bandwidth;
  const busy = Math.max(computing + moving, layerLaunches(batch).forward * on.layer_seconds);
  return passes * (busy + dequantizing(batch, on, calibration));
}

/** Seconds in which the optimizer changes the trained weights; an adapter's are too few to count. */
export function optimizerSeconds(
  shape: Shape,
  mode: Recipe['mode'],
  on: Processor,
  calibration: Calibration = CALIBRATION,
): number {
  return mode === 'full' ? (calibration.optimizer_bytes * shape.parameters) / on.bandwidth : 0;
}

/** Of all 4-bit weights, for one pass: kernels of their own, before those that use them. */
const dequantizing = ({ mode, shape }: MicroBatch, { bandwidth }: Processor, calibration: Calibration): number =>
  mode === 'qlora' ? (calibration.dequantize_bytes * linearWeights(shape)) / bandwidth : 0;

const headWeights = ({ vocab_size, hidden_size }: Shape): number => vocab_size * hidden_size;

/** In layers with softmax attention; those with experts for more: each of them routes, sorts and gathers tokens. */
function layerLaunches({ shape: { layers, layout }, tokens }: MicroBatch): { forward: number; back: number } {
  const { launches } = layersAgainstAttention(layout?.mixers, layers, tokens);
  const routing = layout?.experts ? (EXPERT_LAUNCHES - 1) * layers : 0;
  return { forward: launches.forward + routing, back: launches.back + routing };
}

/** Width of the MLP that a token passes. */
const activeWidth = ({ layout, intermediate_size }: Shape): number =>
  layout?.experts ? layout.experts.per_token * layout.experts.intermediate_size : intermediate_size;

/**
 * Weights of all layers that a token is multiplied with. Where attention and a gated MLP don't explain the
 * parameters of a model without experts (other blocks), all of them count: rather too slow than too fast.
 */
export function linearWeights(shape: Shape): number {
  const { hidden_size: h, query_size: q, key_value_size: kv, layers, parameters } = shape;
  const known = layers * (2 * h * (q + kv) + 3 * h * activeWidth(shape));
  const unexplained = !shape.layout?.experts && parameters > 1.3 * (known + 2 * headWeights(shape));
  return unexplained ? parameters - headWeights(shape) : known;
}

/**
 * Scores and weighted values of one forward pass; a token looks at half of the others on average, but with a mask sdpa
 * computes all of them, in kernels that are slower than flash attention's.
 */
function attentionFlops({ shape, sequences, tokens, packed }: MicroBatch): number {
  const mixers = shape.layout?.mixers;
  // Those of an unknown kind are taken for it, as in their launches.
  const layers = mixers ? (mixers.attention ?? 0) + (mixers.unknown ?? 0) : shape.layers;
  return (packed ? MASKED_ATTENTION : 1) * sequences * layers * 2 * shape.query_size * tokens ** 2;
}

/**
 * Bytes that a token's norms, rotations, gates, residuals and loss move in one forward pass of transformers' layers
 * in 16 bits, and an adapter's casts of its input to fp32 and back, its scaling and its addition (peft 0.21). Those of
 * two passes on the way back.
 */
function elementBytes({ shape, mode, adapted, tokens }: MicroBatch): { forward: number; back: number } {
  const { hidden_size: h, query_size: q, key_value_size: kv, layers, vocab_size } = shape;
  const m = activeWidth(shape);
  const layer = 40 * h + 20 * (q + kv) + 10 * m;
  const adapters = 12 * (5 * h + q + m) + 10 * (2 * h + q + 2 * kv + 2 * m);
  const { bytes } = layersAgainstAttention(shape.layout?.mixers, layers, tokens);
  const others = layers * (mode === 'full' ? 0 : adapted * adapters) + 4 * vocab_size;
  return { forward: layer * bytes.forward + others, back: 2 * (layer * bytes.back + others) };
}
