import type { Step } from './step.ts';

/**
 * TRL 1.16 computes the loss over tiles of 4096 tokens x 32768 vocabulary entries (trl/kernels/chunked_logprob.py). Bytes
 * an entry: with Triton a tile is folded in place, in 16 bits; without it (CPU, MPS) torch makes several of it in fp32.
 */
const LOSS_TILE = { tokens: 4096, vocabulary: 32_768 };
const TILE_BYTES = { mixed: { forward: 2, backward: 2 }, fp32: { forward: 17, backward: 33 } };
/**
 * Bytes a hidden size that the loss holds, forward and backward: of each token, its hidden state and the gradient of that;
 * of each that is scored, its copy side by side with the others, and the gradient in fp32. Counted in the recorded steps.
 */
const HEAD = {
  full: { forward: { all: 8, scored: 10 }, backward: { all: 10, scored: 8 } },
  half: { forward: { all: 6, scored: 4 }, backward: { all: 4, scored: 8 } },
  fp32: { forward: { all: 4, scored: 0 }, backward: { all: 8, scored: 0 } },
};

/** Bytes that the output layer and the loss hold, forward and on the way back. */
export function lossBytes(step: Step): { forward: number; backward: number } {
  const { facts, batch, states, mode } = step;
  const { hidden_size: h, vocab_size } = facts;
  const mixed = step.compute === 'mixed';
  const fp32 = mode === 'full' && states.trained_bytes === 4;
  const tokens = batch.sequences * batch.length;
  const scored = batch.sequences * (step.scored ?? 0);
  const hidden = HEAD[!mixed ? 'fp32' : fp32 ? 'full' : 'half'];
  const tile = Math.min(scored, LOSS_TILE.tokens) * Math.min(vocab_size, LOSS_TILE.vocabulary);
  // A 16-bit copy of a tile of the output layer's weights.
  const chunk = fp32 && mixed && scored > 0 ? 2 * Math.min(vocab_size, LOSS_TILE.vocabulary) * h : 0;
  const passed = (bytes: { all: number; scored: number }): number => (bytes.all * tokens + bytes.scored * scored) * h;
  const { forward, backward } = TILE_BYTES[step.compute];
  return {
    forward: forward * tile + chunk + passed(hidden.forward),
    backward: backward * tile + 2 * chunk + passed(hidden.backward),
  };
}
