import type { Job, Stage } from '../jobs/backend.ts';
import { billedUsd } from '../plan/price.ts';
import type { Plan } from '../plan/schema.ts';
import type { Progress } from './progress.ts';

/** The answer to "how's my training job?". */
export interface Status {
  job_id: string;
  backend: Job['backend'];
  stage: Stage;
  /** The platform's own words on a stage, e.g. `Job timeout`. */
  message: string | null;
  digest: string | null;
  /** Since the job started to run; null while it waits. */
  elapsed_seconds: number | null;
  activity: string | null;
  step: number | null;
  total_steps: number | null;
  loss: number | null;
  first_loss: number | null;
  eval_loss: number | null;
  learning_rate: number | null;
  eta_seconds: number | null;
  /** Billed until now by the plan's price, whole minutes; null for a job whose plan isn't known here. */
  usd_so_far: number | null;
  alarms: { code: string; message: string }[];
  links: { job: string; model?: string; metrics?: string };
  losses: number[];
}

export function jobStatus(job: Job, progress: Progress, plan: Plan | null, endpoint: string, now: Date): Status {
  const elapsed = elapsedSeconds(job, now);
  const running = job.stage === 'RUNNING';
  return {
    job_id: job.job_id,
    backend: job.backend,
    stage: job.stage,
    message: job.message,
    digest: job.digest,
    elapsed_seconds: elapsed,
    activity: running ? progress.activity : null,
    step: progress.step,
    total_steps: progress.total_steps,
    loss: progress.loss,
    first_loss: progress.first_loss,
    eval_loss: progress.eval_loss,
    learning_rate: progress.learning_rate,
    eta_seconds: running ? progress.eta_seconds : null,
    usd_so_far: plan === null || elapsed === null ? null : billedUsd(elapsed, plan.hardware.usd_per_hour),
    alarms: progress.alarms,
    links: {
      job: job.url,
      ...(progress.pushed ? { model: progress.pushed.url } : {}),
      ...(!progress.pushed && progress.saved_path && job.backend === 'local' ? { model: progress.saved_path } : {}),
      ...(plan?.output.trackio.space_id ? { metrics: `${endpoint}/spaces/${plan.output.trackio.space_id}` } : {}),
    },
    losses: progress.losses,
  };
}

function elapsedSeconds(job: Pick<Job, 'started_at' | 'finished_at'>, now: Date): number | null {
  if (job.started_at === null) return null;
  const end = job.finished_at === null ? now.getTime() : Date.parse(job.finished_at);
  return Math.max(0, Math.round((end - Date.parse(job.started_at)) / 1000));
}
