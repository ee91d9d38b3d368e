import { phases } from '../../scripts/planner/memory/phases.ts';
import { type ShardedPhase, shardedPhases } from '../../scripts/planner/memory/sharding.ts';
import { type MemoryInput, trainingStep } from '../../scripts/planner/memory.ts';

/**
 * Bytes a token and vocabulary entry: 16-bit logits, their fp32 copy, log-probabilities, and the gradient of those.
 * `shifted`: transformers before 4.48 and models' own code copied the logits of all tokens but the last, too.
 */
const LOGITS = { plain: 2 + 4 + 4 + 4, shifted: 2 + 4 + 4 + 4 + 4 };

/** GiB on top of our estimate where the loss makes the logits of all tokens, as TRL 1.16 doesn't (ForCausalLMLoss). */
export function fullLogitsGib(input: MemoryInput, kind: keyof typeof LOGITS = 'plain'): number {
  const step = trainingStep(input);
  const held: (Omit<ShardedPhase, 'communication'> & Partial<ShardedPhase>)[] = input.processes?.sharded
    ? shardedPhases(step, input.processes)
    : phases(step);
  const all = held.map(({ gradients, casts, activations, communication = 0, loss }) => ({
    rest: gradients + casts + activations + communication,
    loss,
  }));
  const fullest = Math.max(...all.map(({ rest, loss }) => rest + loss));
  const logits = step.batch.sequences * step.batch.length * step.facts.vocab_size * LOGITS[kind];
  const head = Math.max(...all.filter(({ loss }) => loss > 0).map(({ rest }) => rest)) + logits;
  return Math.max(0, head - fullest) / 2 ** 30;
}
