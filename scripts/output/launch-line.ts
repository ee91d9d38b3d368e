import type { Plan } from '../plan/schema.ts';

/** What each process holds; empty where there is one. */
export function launchLine({ launch: { processes, accelerate } }: Pick<Plan, 'launch'>): string {
  if (processes === 1) return '';
  const shared =
    accelerate?.distributed_type === 'FSDP'
      ? 'FSDP2 shards weights, gradients and optimizer'
      : 'each with a whole copy of the model (DDP)';
  return `${processes} processes, ${shared}`;
}
