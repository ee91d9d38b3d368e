import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { EXIT, TrainerError } from '../errors.ts';
import { ensureEnvironment } from '../jobs/local/environment.ts';
import { thisMachine } from '../jobs/local/machine.ts';
import { makeQuickstartModel } from '../jobs/local/quickstart-model.ts';
import { advance, emptyProgress, type Progress } from '../monitor/progress.ts';
import { sparkline } from '../monitor/sparkline.ts';
import { renderCard } from '../output/card.ts';
import { style } from '../output/style.ts';
import { duration } from '../output/units.ts';
import { writePlanFile } from '../plan/file.ts';
import { preview } from '../printable.ts';
import source from '../training/quickstart_model.py';
import { EXCLUDE_NEWER, REQUIRES_PYTHON, scriptDependencies } from '../training/requirements.ts';
import type { CommandContext } from './context.ts';
import { currentJob, type FoundJob, findJob } from './jobs.ts';
import { makePlan } from './make-plan.ts';
import { submitPlan } from './submit-plan.ts';

/**
 * `quickstart`: the whole path on this machine, with a model made at random and data that ship with the
 * skill. Nothing is fetched from the Hub, and no account is needed.
 */
export async function quickstartCommand(flags: { yes?: boolean }, context: CommandContext): Promise<number> {
  const { out, home, now } = context;
  const began = now().getTime();
  const data = join(context.assets, 'quickstart.jsonl');
  if (!existsSync(data)) {
    throw new TrainerError(
      'usage',
      'no_assets',
      `${data} is missing`,
      'Copy the whole folder of the skill, not the script alone.',
    );
  }
  out.say('1/5  Preparing: the Python packages that train (once, about 1.2 GB)');
  const machine = await thisMachine(context);
  const { python } = await ensureEnvironment({
    ...context,
    dependencies: scriptDependencies({ recipe: { mode: 'full', attn_implementation: null }, model: { adapter: null } }),
    requiresPython: REQUIRES_PYTHON,
    excludeNewer: EXCLUDE_NEWER,
    gpu: machine.kind !== 'cpu',
    say: (line) => out.say(`     ${line}`),
  });
  out.say('2/5  Making a tiny model at random: it knows nothing yet');
  const model = join(home, 'quickstart', 'tiny-qwen3');
  await mkdir(join(home, 'quickstart'), { recursive: true });
  await makeQuickstartModel({ python, source, data, folder: model, env: context.env, signal: context.signal });

  out.say('3/5  Checking the data and planning');
  const request = {
    model,
    dataset: data,
    method: 'sft',
    backend: 'local',
    learningRate: 3e-3,
    epochs: 10,
    maxLength: 128,
    set: { activation_checkpointing: false },
  } as const;
  const { plan, digest } = await makePlan(request, context);
  const path = join(home, 'quickstart', 'plan.json');
  await writePlanFile(path, plan);
  if (!out.json) out.say(`\n${renderCard(plan, digest, path)}\n`);
  if (!flags.yes && !(await askYes(context))) {
    out.result({ digest, submitted: false }, () => 'Nothing was started.');
    return EXIT.ok;
  }
  out.say('4/5  Training');
  const { job } = await submitPlan({ plan, digest, again: true }, context);
  const found = await findJob(job.job_id, context);
  const progress = await follow(found, context);
  const ended = await currentJob(found, context);
  if (ended.stage !== 'COMPLETED') {
    throw new TrainerError(
      'job',
      'job_failed',
      `the training ended as ${ended.stage}: ${ended.message ?? 'no reason given'}`,
      `Its log says why: hf-llm-trainer logs ${job.job_id}`,
    );
  }
  out.say('5/5  Done\n');
  const seconds = Math.round((now().getTime() - began) / 1000);
  const folder = plan.output.folder ?? '';
  out.result(
    {
      submitted: true,
      digest,
      job_id: job.job_id,
      stage: ended.stage,
      seconds,
      first_loss: progress.first_loss,
      loss: progress.loss,
      eval_loss: progress.eval_loss,
      samples: progress.samples,
      model: folder,
    },
    () => summary(progress, folder, job.job_id, seconds),
  );
  return EXIT.ok;
}

/** One question; without a terminal there is nobody to ask, and no answer is a no. */
async function askYes({ signal, out }: CommandContext): Promise<boolean> {
  if (process.stdin.isTTY !== true || out.json) {
    throw new TrainerError(
      'approval',
      'not_approved',
      'nobody answered the question',
      'Answer in a terminal, or give --yes.',
    );
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes|)$/i.test((await reader.question('Start it? [Y/n] ', { signal })).trim());
  } finally {
    reader.close();
  }
}

/** Draws the bar until the job is over. Ctrl-C leaves the job running: it has a process of its own. */
async function follow({ job_id, backend }: FoundJob, { out, signal }: CommandContext): Promise<Progress> {
  let progress = emptyProgress();
  for await (const line of backend.logs(job_id, { follow: true, signal })) {
    progress = advance(progress, line);
    out.progress(bar(progress));
  }
  out.progress('');
  signal.throwIfAborted();
  return progress;
}

const BAR_WIDTH = 30;

function bar({ step, total_steps, loss, eta_seconds, activity }: Progress): string {
  if (step === null || !total_steps) return `     ${(activity ?? 'starting').replaceAll('_', ' ')} ...`;
  const full = Math.round((BAR_WIDTH * step) / total_steps);
  const remaining = eta_seconds ? `, ${duration(eta_seconds)} left` : '';
  const drawn = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
  return `     ${drawn} ${step}/${total_steps}  loss ${loss?.toFixed(3) ?? '-'}${remaining}`;
}

function summary(progress: Progress, folder: string, jobId: string, seconds: number): string {
  const [first, last] = [progress.first_loss, progress.loss];
  const answers = progress.samples
    .filter(({ when }) => when === 'before')
    .flatMap(({ prompt, answer }) => {
      const after = progress.samples.find((sample) => sample.when === 'after' && sample.prompt === prompt);
      return [
        `Asked    ${preview(prompt, 90)}`,
        `before   ${style.dim(preview(answer, 90))}`,
        `after    ${style.green(preview(after?.answer ?? '', 90))}`,
        '',
      ];
    });
  return [
    `Loss     ${sparkline(progress.losses, 60)}  ${first?.toFixed(2)} → ${last?.toFixed(2)}`,
    '',
    ...answers,
    `Model    ${folder}`,
    `Took     ${duration(seconds)}`,
    '',
    'Next:',
    `  hf-llm-trainer status ${jobId}`,
    '  hf-llm-trainer validate your-data.jsonl',
    '  hf-llm-trainer plan --model Qwen/Qwen3-0.6B --dataset your-data.jsonl',
  ].join('\n');
}
