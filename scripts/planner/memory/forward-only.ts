import { lossBytes } from './head.ts';
import { type Batch, bytesOf, FITTED, type Fitted, hasMask, layerFeatures } from './layer.ts';
import { phases } from './phases.ts';
import { castsOf, fittedFor, type Phase, type Step } from './step.ts';

/** Bytes of a layer at the fullest moment of a pass without gradients, where nothing is kept for the way back. */
export function passing(step: Step, batch: Batch, fitted: Fitted): number {
  const { mode, states, compute } = step;
  const fp32 = mode === 'full' && states.trained_bytes === 4;
  const inside = bytesOf(
    layerFeatures(step.facts, batch, mode === 'full' ? '16 bits' : null),
    fittedFor(step, fitted).unkept.forward,
  );
  return inside * (compute === 'mixed' ? 1 : fp32 ? 2 : 1);
}

/**
 * The model that training started from is asked while the batch's own activations wait for their way back: a frozen
 * copy, whose weights autocast casts too, or the same model without its adapters. TRL checkpoints nothing there.
 */
export function asked(step: Step, fitted: Fitted = FITTED): Phase[] {
  return phases(step, fitted)
    .filter(({ name }) => name === 'head')
    .map((head) => ({
      ...head,
      name: 'reference',
      activations: head.activations + passing(step, step.batch, fitted),
      loss: 0,
    }));
}

/** Rows held out pass without gradients, in batches of their own; `step` holds one. */
export function evaluation(step: Step, fitted: Fitted = FITTED): Phase {
  const { facts, batch, states, mode, compute } = step;
  const tokens = batch.sequences * batch.length;
  const wide = compute === 'fp32' || (mode === 'full' && states.trained_bytes === 4);
  const mask = hasMask(facts, batch) ? batch.sequences * batch.length ** 2 : 0;
  return {
    name: 'evaluation',
    gradients: 0,
    casts: castsOf(step),
    activations: mask + tokens * facts.hidden_size * (wide ? 4 : 2) + passing(step, batch, fitted),
    loss: lossBytes(step).forward,
  };
}

/** What is read before the answers are written. */
export const prompts = (batch: Batch, sequences: number, answer: number): Batch => ({
  sequences,
  length: Math.max(1, batch.length - answer),
  padded: true,
});

/** Bytes a vocabulary entry of an answer: the last token's logits, their fp32 copy, probabilities. */
const LAST_LOGITS = 2 + 4 + 4;

/**
 * All answers of an optimizer step are generated side by side before it: their prompts are read in one pass, then a
 * token at a time, beside the keys and values of every layer. `answer`: tokens of one.
 */
export function generation(step: Step, sequences: number, answer: number, fitted: Fitted = FITTED): Phase[] {
  const { facts, batch } = step;
  const { layers, query_size: q, key_value_size: kv, layout } = facts;
  const bytes = step.compute === 'mixed' ? 2 : 4;
  // Keys that were normalized by fp32 weights are fp32.
  const key = step.mode === 'full' && step.states.trained_bytes === 4 && layout.qk_norm ? 4 : bytes;
  const prompt = prompts(batch, sequences, answer);
  // A layer's are there twice while they grow.
  const cached = (length: number): number => (layers + 1) * sequences * length * kv * (key + bytes);
  const casts = castsOf(step);
  const logits = sequences * facts.vocab_size * LAST_LOGITS;
  // Here the output layer is called as it is, and autocast copies it too.
  const output = casts > 0 && step.mode === 'full' ? 2 * facts.vocab_size * facts.hidden_size : 0;
  return [
    {
      name: 'generation',
      gradients: 0,
      casts,
      activations: cached(prompt.length) + passing(step, prompt, fitted),
      loss: 0,
    },
    {
      name: 'generation',
      gradients: 0,
      casts: casts + output,
      // Keys and values are there once for each query head where heads share them.
      activations: cached(batch.length) + (q > kv ? sequences * batch.length * q * (key + bytes) : 0),
      loss: logits,
    },
  ];
}
