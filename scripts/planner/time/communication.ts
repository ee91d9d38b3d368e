import type { Strategy } from '../recipe/launch.ts';

/** What the processes of a run send each other. */
export interface Sending {
  strategy: Strategy;
  processes: number;
  /** Of the model, and those of it that are trained. */
  parameters: number;
  trained: number;
  /** Bytes of a trained weight's gradient under DDP. */
  gradient_bytes: number;
  /** Passes over the layers that gather them: forward, backward, and forward again without a way back. */
  passes: number;
  /** Of these, those that wait until the whole model is gathered: of a reference beside it, which is one group. */
  waiting?: number;
  /** Bus bandwidth between the accelerators, bytes a second. */
  bandwidth: number;
}

/** Of what is sent beside computing, the share that it delays computing: the kernels share the accelerator. */
const DISTURBS = 0.25;
/** The backward pass is about two thirds of a batch; DDP sends gradients beside the last one of a step. */
const BACKWARD = 2 / 3;
/** Weights and gradients travel in 16 bits under FSDP2. */
const SHARDED_BYTES = 2;

/** Seconds of a collective of so many bytes in all, each process having a share: a ring (NCCL's tests, PERFORMANCE.md). */
const collective = (bytes: number, { processes, bandwidth }: Sending): number =>
  (bytes * (processes - 1)) / processes / bandwidth;

/** Seconds that computing takes longer for what is sent beside it. */
const added = (computing: number, sending: number): number =>
  Math.max(0, sending - computing) + DISTURBS * Math.min(computing, sending);

/**
 * Seconds that are added to a batch of `computing` seconds. FSDP2 gathers the weights in every pass and scatters the
 * gradients of what is trained (Rajbhandari et al. 2020, ZeRO, section 7.2.2); DDP sends nothing.
 */
export function addedToBatch(computing: number, sending: Sending): number {
  if (sending.strategy !== 'fsdp2') return 0;
  const { passes, waiting = 0, parameters, trained } = sending;
  const seconds = (elements: number): number => collective(SHARDED_BYTES * elements, sending);
  return added(computing, seconds((passes - waiting) * parameters + trained)) + seconds(waiting * parameters);
}

/** To an optimizer step, whose last batch takes `computing` seconds: DDP averages the gradients, to and fro. */
export function addedToStep(computing: number, sending: Sending): number {
  if (sending.strategy !== 'ddp') return 0;
  return added(BACKWARD * computing, 2 * collective(sending.gradient_bytes * sending.trained, sending));
}
