import { lossBytes } from './head.ts';
import { bytesOf, type Coefficients, castWeights, FITTED, type Fitted, hasMask, layerFeatures } from './layer.ts';
import { stepBytes } from './optimizer.ts';
import { furtherEmbeddings, parameterParts } from './states.ts';
import { castsOf, fittedFor, type Phase, type Step } from './step.ts';

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
  const residual = tokens * h * (layout.streams ?? 1) * (fp32 || !mixed ? 4 : 2);
  const features = layerFeatures(facts, batch, !full ? null : fp32 ? 'fp32' : '16 bits');
  const own = fittedFor(step, fitted);
  const inside = (of: Coefficients): number => bytesOf(features, of) * (mixed ? 1 : FP32_LAYER);

  const { linear, experts } = parameterParts(facts);
  const embedding = full ? vocab_size * h * states.trained_bytes : 0;
  // Made whole before that of the embeddings.
  const further = full ? furtherEmbeddings(facts) * states.trained_bytes : 0;
  const head = step.scored === null ? 0 : embedding;
  const layerGradients = full ? (linear + experts) * states.trained_bytes : states.gradients;
  const before = accumulated ? states.gradients : 0;
  // The embeddings' gradient waits for the output layer's where they are one weight.
  const waiting = accumulated && !layout.tied_embeddings ? 0 : head;
  // The experts' gradients are one tensor, made whole before it is added to those of earlier batches.
  const expertLayer = experts / layers;
  const down = full ? (expertLayer || (accumulated ? 0 : intermediate_size * h)) * states.trained_bytes : 0;

  const mask = hasMask(facts, batch) ? batch.sequences * batch.length ** 2 : 0;
  const layer = checkpointing ? residual : inside(own.plain.kept);
  // The first layer's input needs no gradient where the embeddings are frozen: its fp32 copy is not kept.
  const kept = mask + layers * layer - (checkpointing || full ? 0 : 4 * tokens * h);
  const castAll = castsOf(step);
  const castKept = checkpointing ? 0 : castAll;
  const loss = lossBytes(step);
  const moment = inside(checkpointing ? own.checkpointed.inside : own.plain.inside);
  // A 4-bit weight is made whole for its product; the largest is one of the MLP's.
  const whole = mode === 'qlora' ? 2 * h * intermediate_size * (layout.fused.mlp ? 2 : 1) : 0;
  const castInside = whole + (fp32 && mixed && checkpointing ? 2 * castWeights(facts) : castKept);

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
      loss: loss.forward,
    },
    {
      name: 'head_backward',
      // It is summed up in fp32 first.
      gradients: before + head + (full && !fp32 ? 4 * vocab_size * h : 0),
      casts: castKept,
      activations: kept,
      loss: loss.backward,
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
      gradients: accumulated
        ? before + waiting + Math.max(embedding, further)
        : layerGradients + head + further + embedding,
      casts: 0,
      activations: mask + 2 * residual,
      loss: 0,
    },
    {
      name: 'optimizer',
      gradients:
        states.gradients + stepBytes(step.optimizer, { ...states, of: step.mode === 'full' ? step.facts : null }),
      casts: 0,
      activations: 0,
      loss: 0,
    },
  ];
}
