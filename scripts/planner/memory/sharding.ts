import { passing } from './forward-only.ts';
import { FITTED, layerWeights } from './layer.ts';
import { stepBytes } from './optimizer.ts';
import { phases } from './phases.ts';
import { parameterParts, type States } from './states.ts';
import type { Phase, Step } from './step.ts';

/** What FSDP2 gathers and sends, in bytes: weights of the part at work, and buffers of collectives. */
export interface ShardedPhase extends Phase {
  communication: number;
}

/** How the processes of a run share its memory. */
export interface Processes {
  count: number;
  /** FSDP2: each keeps its share of weights, gradients and optimizer; else a whole copy. */
  sharded: boolean;
  /** Gradients are reduced after every batch. Else they pile up whole, in 16 bits, until the optimizer's step. */
  sync_each_batch?: boolean;
}

/**
 * One process's share (Rajbhandari et al. 2020, ZeRO, section 5: stage 3). What is trained is kept in fp32, as accelerate
 * 1.15 has it (fsdp2_prepare_model); a frozen base as it was loaded.
 */
export function shardedStates(whole: States, count: number): States {
  const widened = 4 / whole.trained_bytes;
  const full = whole.adapters === 0;
  return {
    base: (whole.base * (full ? widened : 1)) / count,
    adapters: (whole.adapters * widened) / count,
    optimizer: (whole.optimizer * widened) / count,
    gradients: (whole.gradients * widened) / count,
    trained_bytes: 4,
  };
}

/** Bytes of the embeddings and of a layer with its adapters, gathered. */
function gathered({ facts, mode, states }: Step): [number, number] {
  const adapters = mode === 'full' ? 0 : states.adapters / states.trained_bytes / facts.layers;
  return [2 * facts.vocab_size * facts.hidden_size, 2 * (layerWeights(facts) + adapters)];
}

/** As its layers are computed. Adapters of experts are tensors of the experts' size, recorded beside 16-bit weights alone. */
function in16Bits(step: Step): Step {
  const mode = step.mode !== 'full' && step.facts.layout.experts ? 'lora' : 'full';
  return { ...step, mode, states: { ...step.states, trained_bytes: 2 }, compute: 'mixed' };
}

/** Bytes of a hidden size that the last norm keeps for its way back: its input in fp32, and what it made of it. */
const NORM_BYTES = 4 + 2;

/**
 * The model that training started from is asked while the batch's own activations wait for their way back, and its output
 * layer gathered with them. Beside adapters it is the same model: the embeddings are gathered, then the layers. A copy is
 * one group (TRL 1.16, prepare_fsdp): all of it is gathered, and its buffer kept until its pass ends.
 */
export function shardedReference(step: Step, processes: Processes): ShardedPhase[] {
  const [e, b] = gathered(step);
  const heads = shardedPhases(step, processes).filter(({ name }) => name === 'head');
  return heads.flatMap((head) => {
    const reference = { ...head, name: 'reference' as const, loss: 0 };
    const activations = head.activations + passing(in16Bits(step), step.batch, FITTED);
    if (step.mode === 'full') {
      const communication = e + 4 * step.facts.parameters;
      const norm = NORM_BYTES * step.batch.sequences * step.batch.length * step.facts.hidden_size;
      return [
        { ...reference, communication, activations: activations + norm },
        { ...reference, communication, activations: head.activations + norm, loss: head.loss },
      ];
    }
    return [
      { ...reference, communication: (step.facts.layout.tied_embeddings ? e : 3 * e) + b },
      { ...reference, communication: e + 3 * b, activations },
    ];
  });
}

/**
 * The phases of a step under FSDP2 as accelerate sets it up: a group for each layer, one for the embeddings, one for the
 * last norm and the output layer, which stays gathered from its first use to its last; one group where they are the same
 * weight. A group is gathered in 16 bits to a flat buffer, which is copied out; the buffer stays while the next group is
 * gathered, and going back the next group is gathered ahead; a group's gradients wait in the buffer that is sent until
 * the next group's (torch 2.13, distributed/fsdp/_fully_shard). Nothing is autocast: all is computed in 16 bits. Each sum
 * was read off recorded steps (bench/memory/oracle-sharded.jsonl).
 */
export function shardedPhases(step: Step, { count, sync_each_batch }: Processes): ShardedPhase[] {
  const { facts, mode, states, accumulated } = step;
  const full = mode === 'full';
  const tied = facts.layout.tied_embeddings;
  const embedding = facts.vocab_size * facts.hidden_size;
  const trained = states.gradients / states.trained_bytes;
  const sent = (full ? layerWeights(facts) : trained / facts.layers) * 2;
  const [e, b] = gathered(step);
  const always = tied ? e : 0;
  const before = accumulated ? (sync_each_batch ? (4 * trained) / count : 2 * trained) : 0;
  const shares = (parameters: number): number => (accumulated ? 0 : (4 * parameters) / count);
  const { linear, experts } = parameterParts(facts);
  const layers = full ? linear + experts : trained;
  const tail = full && !tied ? embedding : 0;
  const widened = 4 * trained;
  // One score of a sequence takes the output layer's place in a classifier.
  const head = full && step.scored !== null ? e : 0;
  const waiting = tied ? head : 0;

  const inner = phases(in16Bits(step));
  const at = (name: Phase['name'], index: number): Phase => {
    const found = inner.filter((other) => other.name === name).at(index);
    if (!found) throw new Error(`no phase ${name}`);
    return found;
  };
  const kept = at('head', 0).activations;
  const phase = (name: Phase['name'], part: Omit<Partial<ShardedPhase>, 'name'>): ShardedPhase => ({
    name,
    gradients: before,
    casts: 0,
    activations: kept,
    loss: 0,
    communication: 0,
    ...part,
  });
  // Of the layer at work, those of the MLP.
  const mlp = facts.layout.experts ? experts / facts.layers : 3 * facts.intermediate_size * facts.hidden_size;
  const own = full ? 2 * mlp : 0;

  const sentEmbedding = {
    communication: e + e / count,
    gradients: before + e + (accumulated ? (2 * e) / count : 0) + shares(tail + layers + embedding),
  };

  return [
    phase('forward', { communication: tied ? 2 * e + 2 * b : 2 * e, activations: 0 }),
    phase('forward', { communication: always + 3 * b }),
    phase('forward', { communication: always + 2 * b, activations: at('forward', 0).activations }),
    ...(tied ? [] : [phase('forward', { communication: 2 * e + b })]),
    // The gathered output layer's buffer is given back at the end of the root's forward, which with adapters is peft's.
    phase('head', { communication: tied || !full ? e + b : 2 * e, loss: at('head', 0).loss }),
    phase('head_backward', {
      communication: e + b,
      // It is summed up in fp32 first.
      gradients: before + head * 3,
      loss: at('head_backward', 0).loss,
    }),
    // The last layer is the first to go back.
    phase('layers_backward', {
      communication: always + 2 * b + 2 * tail,
      gradients: before + waiting + own + shares(tail),
      activations: at('layers_backward', 0).activations,
    }),
    // The first layer: the embeddings are gathered ahead.
    phase('layers_backward', {
      communication: always + b + (tied ? 0 : e) + sent,
      gradients: before + waiting + own + shares(tail + (layers * (facts.layers - 1)) / facts.layers),
      activations: at('layers_backward', -1).activations,
    }),
    phase('embedding_backward', {
      communication: 2 * e + sent,
      gradients: before + waiting + shares(tail + layers),
      activations: at('embedding_backward', 0).activations / 2,
    }),
    phase('embedding_backward', {
      communication: tied ? e + sent : e,
      gradients: before + head + waiting + shares(tail + layers),
      activations: at('embedding_backward', 0).activations,
    }),
    // Its gradient is sent, and what comes back is widened before it is added to that of earlier batches.
    ...(full ? [phase('embedding_backward', { ...sentEmbedding, activations: 0 })] : []),
    phase('optimizer', {
      gradients:
        (widened + stepBytes(step.optimizer, { of: full ? facts : null, gradients: widened, trained_bytes: 4 })) /
        count,
      activations: 0,
    }),
  ];
}
