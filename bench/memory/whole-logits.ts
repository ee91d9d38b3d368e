import { phases } from '../../scripts/planner/memory/phases.ts';
import { type ShardedPhase, shardedPhases } from '../../scripts/planner/memory/sharding.ts';
import { type MemoryInput, trainingStep } from '../../scripts/planner/memory.ts';
import table from './whole-logits.json' with { type: 'json' };

/** Losses that make the logits of all tokens, by whose code (whole_logits.py). */
export type WholeLogits = keyof typeof table;

export function wholeLogitsGib(input: MemoryInput, loss: WholeLogits): number {
  const step = trainingStep(input);
  const held: (Omit<ShardedPhase, 'communication'> & Partial<ShardedPhase>)[] = input.processes?.sharded
    ? shardedPhases(step, input.processes)
    : phases(step);
  const all = held.map(({ gradients, casts, activations, communication = 0, loss }) => ({
    rest: gradients + casts + activations + communication,
    loss,
  }));
  const fullest = Math.max(...all.map(({ rest, loss }) => rest + loss));
  const logits = step.batch.sequences * step.batch.length * step.facts.vocab_size * table[loss];
  const head = Math.max(...all.filter(({ loss }) => loss > 0).map(({ rest }) => rest)) + logits;
  return Math.max(0, head - fullest) / 2 ** 30;
}
