/** TRL's trainers, by the names that a plan, a report and the flags use. */
export const METHODS = ['sft', 'dpo', 'grpo', 'kto', 'reward', 'rloo', 'prm'] as const;
export type Method = (typeof METHODS)[number];

/** Those whose data `validate` judges. */
export const VALIDATED = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo', 'prm'] as const satisfies Method[];

/** Those that `plan` trains. */
export const PLANNED = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo'] as const satisfies Method[];
