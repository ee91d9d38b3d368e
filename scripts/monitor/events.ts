import * as z from 'zod';

/**
 * The contract between the training script and whoever watches it: one JSON object a line on stdout, beside
 * the ordinary log, recognized by its first key. training/events.py writes them. Unknown events and fields
 * are ignored, so that an older reader survives a newer script.
 */
const EVENT_PREFIX = '{"hf_llm_trainer":';

const common = {
  hf_llm_trainer: z.literal(1),
  /** Unix time, seconds. */
  time: z.number(),
};
const number = z.number().nullable();

/** What a method logs besides its loss; absent where it doesn't, null where it isn't a number. */
const measured = {
  /** Mean score of the answers (GRPO, RLOO). */
  reward: number.optional(),
  /** Standard deviation of the scores: 0 teaches nothing. */
  reward_std: number.optional(),
  /** Divergence from the model that training started from (KTO, RLOO, GRPO with beta). */
  kl: number.optional(),
  /** By how much good answers are preferred to bad ones (DPO, KTO, reward models). */
  margin: number.optional(),
  /** Share of pairs of which the chosen one is preferred (DPO, reward models). */
  accuracy: number.optional(),
};

export const TrainingEvent = z.discriminatedUnion('event', [
  /** What the job is doing now: `loading_data`, `checking_reward`, `loading_model`, `training`, `evaluating`, `saving`, `pushing`. */
  z.object({ ...common, event: z.literal('stage'), stage: z.string() }),
  z.object({
    ...common,
    event: z.literal('start'),
    total_steps: z.number().int(),
    /** 0 for a new run, the checkpoint's step for one that goes on. */
    from_step: z.number().int(),
    rows: z.number().int(),
    eval_rows: z.number().int(),
    device: z.string(),
  }),
  z.object({
    ...common,
    event: z.literal('step'),
    step: z.number().int(),
    total_steps: z.number().int(),
    /** null where it isn't a number: NaN is not JSON. An alarm says so. */
    loss: number,
    learning_rate: number,
    grad_norm: number,
    /** Tokens seen since the start, as TRL counts them. */
    tokens: number,
    /** Peak of the accelerator so far, GiB; null on a CPU. */
    gpu_memory_gib: number,
    /** Seconds since training began. */
    seconds: z.number(),
    ...measured,
  }),
  z.object({
    ...common,
    event: z.literal('eval'),
    when: z.enum(['before', 'during', 'after']),
    step: z.number().int(),
    eval_loss: number,
    ...measured,
  }),
  z.object({
    ...common,
    event: z.literal('sample'),
    when: z.enum(['before', 'after']),
    /** The question, as text. */
    prompt: z.string(),
    /** Of a reward model: the scores of two answers, `chosen 0.812, rejected -0.334`. */
    answer: z.string(),
  }),
  z.object({ ...common, event: z.literal('checkpoint'), step: z.number().int() }),
  z.object({ ...common, event: z.literal('alarm'), code: z.string(), message: z.string() }),
  z.object({ ...common, event: z.literal('saved'), path: z.string() }),
  z.object({ ...common, event: z.literal('pushed'), repo_id: z.string(), revision: z.string(), url: z.string() }),
  /** Ended before its last step, with a checkpoint: `deadline` or `sigterm`. */
  z.object({ ...common, event: z.literal('stopped'), reason: z.string(), step: z.number().int() }),
  z.object({ ...common, event: z.literal('done'), step: z.number().int(), seconds: z.number() }),
]);
export type TrainingEvent = z.infer<typeof TrainingEvent>;

/** The event in a log line, or null if the line is something else. */
export function parseEvent(line: string): TrainingEvent | null {
  if (!line.startsWith(EVENT_PREFIX)) return null;
  try {
    const parsed = TrainingEvent.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // a line cut in the middle
  }
}
