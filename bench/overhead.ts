import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../scripts/plan/schema.ts';
import { median, openWorkshop, option } from './training/run.ts';

/**
 * What safety, events and curves cost a step, and what a checkpoint costs: the same script with its callbacks and
 * without, in turns, on many very short steps, where little shows. Ends with 1 where the callbacks take over 1% of a
 * step that is short for a GPU. `npm run bench:overhead [-- --steps 400 --rounds 3 --layers 2 --hidden 256]`: on this
 * machine's CPU, one thread; seconds are of the processor, the process's other threads included.
 */
const steps = Number(option('steps', '400'));
const rounds = Number(option('rounds', '3'));
/** Seconds: 16 rows of 200 tokens through a model of 0.6 B parameters on an A100, by the planner. */
const SHORT_STEP = 0.5;
const AIM = 0.01;
const CHECKPOINTS = 10;
const TIMED = fileURLToPath(new URL('training/timed.py', import.meta.url));

const workshop = await openWorkshop(Number(option('layers', '2')), Number(option('hidden', '256')), true);
const { folder } = workshop;
const planned = await workshop.plan(
  ...['--model', `${folder}/model`, '--dataset', `${folder}/sft-short/train.jsonl`, '--method', 'sft', '--lora', 'off'],
  ...['--max-steps', String(steps), '--set', 'packing=false', '--max-length', '32'],
  ...['--set', 'per_device_train_batch_size=1', '--set', 'gradient_accumulation_steps=1'],
);

interface Timed {
  seconds: number;
  cpu_seconds: number;
  /** Seconds by hook, `Class.on_log`: of the trainer's thread, on a processor. */
  spent: Record<string, number>;
}

function timed(callbacks: 'all' | 'none', changes: Plan['recipe']['training_args']): Timed {
  const training_args = { ...planned.recipe.training_args, eval_strategy: 'no', ...changes };
  const { lines } = workshop.train(
    { ...planned, dataset: { ...planned.dataset, evaluation: null }, recipe: { ...planned.recipe, training_args } },
    TIMED,
    callbacks,
  );
  const line = lines.find((each) => each.startsWith('{"timed"'));
  if (line === undefined) throw new Error(lines.join('\n'));
  return JSON.parse(line).timed;
}

const LOG = { logging_steps: 1, save_strategy: 'no' };
const SAVE = { save_strategy: 'steps', save_steps: Math.ceil(steps / CHECKPOINTS) };
const variants: Record<string, () => Timed> = {
  bare: () => timed('none', { logging_strategy: 'no', save_strategy: 'no' }),
  logged: () => timed('none', LOG),
  whole: () => timed('all', LOG),
  'bare, saved': () => timed('none', { logging_strategy: 'no', ...SAVE }),
  'whole, saved': () => timed('all', { ...LOG, ...SAVE }),
};
const runs = new Map(Object.keys(variants).map((name) => [name, [] as Timed[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, run] of Object.entries(variants)) runs.get(name)?.push(run());
}
rmSync(folder, { recursive: true });

const cpu = (name: string): number => median((runs.get(name) ?? []).map(({ cpu_seconds }) => cpu_seconds));
const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(2)} ms`;
const share = (seconds: number): string =>
  `${milliseconds(seconds)}, ${((100 * seconds) / SHORT_STEP).toFixed(2)}% of a step of ${SHORT_STEP} s`;
console.log(
  `${steps} steps of ${milliseconds(cpu('bare') / steps)}, ${rounds} rounds in turns, seconds of the processor`,
);
const line = (cpu('logged') - cpu('bare')) / steps;
const callbacks = (cpu('whole') - cpu('logged')) / steps;
console.log(`the trainer's own log, a line a step: ${share(line)}`);
console.log(`our callbacks, an event and a point of the curves a step: ${share(callbacks)}`);
const hooks = (name: string): [string, number][] => {
  const spent = (runs.get(name) ?? []).map((run) => run.spent);
  return Object.keys(spent[0] ?? {}).map((hook) => [hook, median(spent.map((each) => each[hook] ?? 0))]);
};
const isOnce = (hook: string): boolean => /_(train_begin|train_end|init_end)$/.test(hook);
for (const [hook, seconds] of hooks('whole')) {
  if (seconds / steps < 5e-6) continue;
  console.log(
    `  ${hook}, on the trainer's thread: ${isOnce(hook) ? `${milliseconds(seconds)}, once` : share(seconds / steps)}`,
  );
}
const saving = hooks('whole, saved').filter(([hook]) => /\.(on_save|state)$/.test(hook));
const ours = saving.reduce((sum, [, seconds]) => sum + seconds, 0);
console.log(
  `a checkpoint: ${milliseconds((cpu('whole, saved') - cpu('whole')) / CHECKPOINTS)}, ` +
    `without our callbacks ${milliseconds((cpu('bare, saved') - cpu('bare')) / CHECKPOINTS)}; ` +
    `in their hooks, on the trainer's thread: ${milliseconds(ours / CHECKPOINTS)}`,
);
process.exitCode = line + callbacks < AIM * SHORT_STEP ? 0 : 1;
