import { applyMapping } from '../dataset/mapping.ts';
import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { type Row, type SeenRow, UNSEEN } from '../dataset/rows.ts';
import { TrainerError } from '../errors.ts';
import { many } from '../output/units.ts';
import { shellWord } from '../plan/mapping.ts';
import { isOnline, type Planned } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import { type Reward, rewardName } from '../plan/reward.ts';
import type { Plan, PlanDraft } from '../plan/schema.ts';
import { preview } from '../printable.ts';
import type { CommandContext } from './context.ts';
import { proposeReward } from './reward-columns.ts';
import { readRewards } from './reward-flags.ts';
import { type Tried, tryRewards } from './reward-trial.ts';

/** Rows kept for the trial: more than it takes, since some may not be whole. */
const KEPT = 50;
const TRIAL_ROWS = 8;

/** Collects the first rows that validation reads. */
export function firstRows(): { rows: Row[]; see: (row: SeenRow) => void } {
  const rows: Row[] = [];
  return { rows, see: ({ row }) => void (rows.length < KEPT && rows.push(row)) };
}

export interface ChosenReward {
  reward: Reward[] | null;
  /** TRL's `reward_weights`, in the order of the rewards; null where all weigh the same. */
  weights: number[] | null;
  /** For the card: what each made of right and wrong answers. */
  decisions: Plan['why'];
}

/**
 * The rewards that `--reward` names, tried on rows of the data. Throws TrainerError `usage` where the method needs
 * one and none is given (with a proposal), or takes none; else what readRewards and tryRewards throw.
 */
export async function chooseReward(
  method: Planned,
  request: Request,
  data: { dataset: DatasetReport; report: MethodReport; rows: readonly Row[] },
  context: CommandContext,
): Promise<ChosenReward> {
  const flags = request.reward ?? [];
  if (!isOnline(method)) {
    if (flags.length > 0) throw takesNone(method);
    return { reward: null, weights: null, decisions: [] };
  }
  const rows = data.rows.map((row) => (data.report.mapping ? applyMapping(row, data.report.mapping) : row));
  const columns = (
    data.report.mapping?.columns.map(({ to }) => to) ?? data.dataset.columns.map(({ name }) => name)
  ).filter((name) => name !== 'prompt');
  if (flags.length === 0) throw needed(method, proposeReward(columns, rows));
  const reward = await readRewards(flags, { cwd: context.cwd, columns });
  context.out.progress('trying the reward');
  const whole = rows.filter((row) => isWhole(row, reward)).slice(0, TRIAL_ROWS);
  const result =
    whole.length > 0
      ? await tryRewards(reward, whole.map(asJson), context)
      : { untried: 'no row of the data was seen whole' };
  const weights = reward.map(({ weight }) => weight);
  return {
    reward,
    weights: weights.some((weight) => weight !== 1) ? weights : null,
    decisions: reward.map((one, index) => ({
      what: `reward ${rewardName(one)}`,
      because: [
        described(one, 'tried' in result),
        'tried' in result ? scores(result.tried[index]) : notTried(result.untried),
      ].join('; '),
    })),
  };
}

/** TRL weighs by `reward_weights`, which `--set` may have given. */
export function withReward(draft: PlanDraft, { reward, weights }: ChosenReward): PlanDraft {
  if (weights === null) return { ...draft, reward };
  const training_args = { reward_weights: weights, ...draft.recipe.training_args };
  return { ...draft, reward, recipe: { ...draft.recipe, training_args } };
}

/** The prompt and what the rewards read are there; a function of the person's own may read everything. */
const isWhole = (row: Row, rewards: readonly Reward[]): boolean =>
  !(rewards.some(({ kind }) => kind === 'file') && Object.values(row).includes(UNSEEN)) &&
  ['prompt', ...rewards.flatMap(({ column }) => column ?? [])].every(
    (name) => row[name] !== UNSEEN && (row[name] ?? null) !== null,
  );

/** As training reads them, but for bytes: images are none of a trial's business. */
const asJson = (row: Row): object =>
  JSON.parse(
    JSON.stringify(row, (_, value: unknown) => {
      if (typeof value === 'bigint') return Number(value);
      return value instanceof Uint8Array ? null : value;
    }),
  );

function described(reward: Reward, tried: boolean): string {
  const read = reward.column === null ? '' : `compares with column ${reward.column}`;
  const weight = reward.weight === 1 ? '' : `weight ${reward.weight}`;
  const own =
    reward.kind === 'builtin'
      ? ''
      : `your own, ${many(reward.source.split('\n').length, 'line')}, sha256 ${reward.sha256.slice(0, 12)}${tried ? ', run on this machine to try it' : ''}`;
  return [own, read, weight].filter(Boolean).join(', ') || 'built in';
}

const scores = (tried: Tried | undefined): string =>
  tried?.right == null || tried.wrong === null
    ? 'runs; not compared with right answers'
    : `${round(tried.right)} for right answers of ${tried.rows} rows, ${round(tried.wrong)} for wrong ones`;

const notTried = (why: string): string =>
  `not tried on this machine (${preview(why, 160)}): the job tries it before it loads the model`;

const round = (score: number): number => Math.round(score * 1000) / 1000;

function needed(method: Planned, proposal: string | null): TrainerError {
  return new TrainerError(
    'usage',
    'reward_needed',
    `${method.toUpperCase()} learns from a reward that scores each answer, and none is given`,
    proposal === null
      ? 'No column says what is right: write a function (completions, **kwargs) that returns a score for each, and give --reward file.py:function.'
      : `What fits these columns: hf-llm-trainer plan ... --reward ${shellWord(proposal)}`,
  );
}

function takesNone(method: Planned): TrainerError {
  return new TrainerError(
    'usage',
    'no_reward_here',
    `${method.toUpperCase()} learns from the data and takes no --reward`,
    'Leave --reward out, or plan with --method grpo.',
  );
}
