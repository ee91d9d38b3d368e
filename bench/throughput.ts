import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../scripts/plan/json.ts';
import type { Plan, PlanDraft } from '../scripts/plan/schema.ts';
import { median, openWorkshop, option, type Step, type TrainingRun, tokensPerSecond } from './training/run.ts';

/**
 * Tokens a second and peak memory of the script that a plan gives, beside TRL's own scripts with their documented
 * command lines: the same model of random weights, the same rows, steps of as many rows. They take turns; medians, as
 * ratios to TRL's README command (SFT: eight rows, padded) or example (DPO: two rows, eight times). The losses of our
 * script with TRL's arguments must be TRL's: ends with 1 where they are not, or where the plan's script is slower.
 *
 * `npm run bench:throughput [-- --method sft|dpo --data short|long --steps 8 --rounds 2 --layers 6 --hidden 512
 * --device cpu|cuda]`. On a CPU in float32 with one thread, by the processor's time; on a GPU in bfloat16, by the clock,
 * which has not been tried here.
 */
const method = option('method', 'sft');
const data = option('data', 'short');
const steps = Number(option('steps', '8'));
const rounds = Number(option('rounds', '2'));
const cpu = option('device', 'cpu') === 'cpu';
const ROWS_A_STEP = 16;

const workshop = await openWorkshop(Number(option('layers', '6')), Number(option('hidden', '512')), cpu);
const rows = join(workshop.folder, `${method}-${data}`);
const model = join(workshop.folder, 'model');

const plan = (...set: string[]): Promise<Plan> =>
  workshop.plan(
    ...['--model', model, '--dataset', join(rows, 'train.jsonl'), '--method', method, '--lora', 'off'],
    ...set.flatMap((each) => ['--set', each]),
  );
/** The first steps of what was planned for all rows, as TRL's scripts are run here: nothing held out or saved on the way. */
const comparable = (made: Plan): PlanDraft => ({
  ...made,
  dataset: { ...made.dataset, evaluation: null },
  recipe: {
    ...made.recipe,
    total_steps: steps,
    training_args: {
      ...made.recipe.training_args,
      max_steps: steps,
      logging_steps: 1,
      save_strategy: 'no',
      eval_strategy: 'no',
    },
  },
});

const planned = await plan();
const args = planned.recipe.training_args;
const shared: Record<string, JsonValue | undefined> = {
  model_name_or_path: model,
  dataset_name: rows,
  output_dir: join(workshop.folder, 'trl'),
  max_steps: steps,
  max_length: args.max_length,
  learning_rate: args.learning_rate,
  lr_scheduler_type: args.lr_scheduler_type,
  warmup_steps: args.warmup_steps,
  seed: args.seed,
  logging_steps: 1,
  disable_tqdm: true,
  ...(cpu ? { bf16: false, use_cpu: true, dataloader_pin_memory: false } : {}),
};
const trl = (...own: string[]): TrainingRun =>
  workshop.run(
    ...['-m', `trl.scripts.${method}`],
    ...Object.entries(shared).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...own,
  );
const batch = (rows: number): string[] => [
  ...['--per_device_train_batch_size', String(rows)],
  ...['--gradient_accumulation_steps', String(ROWS_A_STEP / rows)],
];

const README = method === 'sft' ? "TRL's script, 8 x 2" : "TRL's script, 2 x 8";
const SAME = 'ours, with those arguments';
const PLANNED = 'ours, as planned';
const usual = method === 'sft' ? 8 : 2;
const likeTrl = comparable(
  await plan(
    ...(method === 'sft' ? ['packing=false'] : []),
    `per_device_train_batch_size=${usual}`,
    `gradient_accumulation_steps=${ROWS_A_STEP / usual}`,
    'gradient_checkpointing=true',
  ),
);
const commands: Record<string, () => TrainingRun> = {
  [README]: () => trl(...batch(usual)),
  ...(method === 'sft' ? { "TRL's script, packed, 2 x 8": () => trl(...batch(2), '--packing') } : {}),
  [SAME]: () => workshop.train(likeTrl),
  [PLANNED]: () => workshop.train(comparable(planned)),
};

const runs = new Map(Object.keys(commands).map((name) => [name, [] as TrainingRun[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, command] of Object.entries(commands)) runs.get(name)?.push(command());
}
rmSync(workshop.folder, { recursive: true });

const by = cpu ? 'cpu_seconds' : 'seconds';
const of = (name: string): { rate: number; clock: number; peak: number; steps: Step[] } => {
  const list = runs.get(name) ?? [];
  return {
    rate: median(list.map((run) => tokensPerSecond(run, by))),
    clock: median(list.map((run) => tokensPerSecond(run, 'seconds'))),
    peak: median(list.map(({ peak_mib }) => peak_mib)),
    steps: list[0]?.steps ?? [],
  };
};
const base = of(README);
const { per_device_train_batch_size, gradient_accumulation_steps, packing, max_length } = args;
console.log(
  `${method}, ${data} rows, ${steps} steps, ${rounds} rounds in turns, ${cpu ? 'CPU, one thread' : 'GPU'}; planned: ` +
    `${per_device_train_batch_size} x ${gradient_accumulation_steps}, length ${max_length}, packing ${packing ?? false}, ` +
    `checkpointing ${args.activation_checkpointing ?? args.gradient_checkpointing}`,
);
for (const name of runs.keys()) {
  const { rate, clock, peak, steps } = of(name);
  console.log(
    `${name.padEnd(28)} ${rate.toFixed(0).padStart(7)} tokens/s${cpu ? ' of CPU' : ''} (${clock.toFixed(0)} by the clock)  ` +
      `${(rate / base.rate).toFixed(2)} x  peak ${peak.toFixed(0)} MiB, ${(peak / base.peak).toFixed(2)} x  ` +
      `${steps.at(-1)?.tokens} tokens, loss ${steps[0]?.loss} -> ${steps.at(-1)?.loss}`,
  );
}

const theirs = base.steps.map(({ loss }) => loss);
const apart = Math.max(...of(SAME).steps.map(({ loss }, at) => Math.abs(loss - (theirs[at] ?? Number.NaN))));
console.log(`largest difference between the losses of TRL's script and ours with its arguments: ${apart}`);
const slower = of(PLANNED).rate < 0.97 * base.rate;
process.exitCode = apart <= 0.002 && !slower ? 0 : 1;
