import * as z from 'zod';
import { Json } from './json.ts';

/** Rewards that come with this program, by the names of the Python modules `reward_<name>.py`. */
export const BUILT_IN_REWARDS = ['exact', 'math', 'code', 'format', 'regex', 'length', 'json_schema'] as const;
export type BuiltInReward = (typeof BUILT_IN_REWARDS)[number];

const common = {
  /** Column that says what is right (for `code` the tests), as the trainer sees it; null where none is read. */
  column: z.string().min(1).nullable(),
  /** What the reward is told besides; `example`: an answer that it has to score higher than nonsense. */
  parameters: z.record(z.string(), Json),
  weight: z.number().finite(),
};

/** How GRPO and RLOO score an answer: a built-in, or the person's own function with all of its file. */
export const Reward = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('builtin'), name: z.enum(BUILT_IN_REWARDS), ...common }),
  z.strictObject({
    kind: z.literal('file'),
    /** The file's name, without its folder. */
    file: z.string().min(1),
    function: z.string().min(1),
    source: z.string(),
    sha256: z.string(),
    ...common,
  }),
]);
export type Reward = z.infer<typeof Reward>;

export const rewardName = (reward: Reward): string =>
  reward.kind === 'builtin' ? reward.name : `${reward.file}:${reward.function}`;
