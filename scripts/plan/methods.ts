/** TRL's trainers, by the names that a plan, a report and the flags use; in the order in which they are shown. */
export const METHODS = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo', 'prm'] as const;
export type Method = (typeof METHODS)[number];

/** Those that `plan` trains: data for the others is validated only. */
export const PLANNED = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo'] as const satisfies Method[];
export type Planned = (typeof PLANNED)[number];

/** Whether it learns from the scores of answers that the model writes while it trains. */
export const isOnline = (method: Method): boolean => method === 'grpo' || method === 'rloo';

/** Those that we train on pictures. */
export const SEEING: readonly Method[] = ['sft', 'dpo', 'grpo'];
