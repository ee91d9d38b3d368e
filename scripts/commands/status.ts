import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '../errors.ts';
import { isOver } from '../jobs/backend.ts';
import { advance, emptyProgress, readProgress } from '../monitor/progress.ts';
import { jobStatus, type Status } from '../monitor/status.ts';
import { renderStatus } from '../output/status.ts';
import type { CommandContext } from './context.ts';
import { currentJob, type FoundJob, findJob } from './jobs.ts';

/** `status`: one screen on a job; with `--watch` a new one whenever there is something new, until it is over. */
export async function statusCommand(
  id: string | undefined,
  flags: { watch?: boolean },
  context: CommandContext,
): Promise<number> {
  const job = await findJob(id, context);
  const { out } = context;
  if (flags.watch) return watchJob(job, context);
  const status = await statusOf(job, context);
  out.result(status, () => renderStatus(status, out.terminal, out.width));
  return EXIT.ok;
}

async function statusOf(found: FoundJob, context: CommandContext): Promise<Status> {
  const job = await currentJob(found, context);
  const progress = await readProgress(found.backend.logs(found.job_id, {}));
  return jobStatus(job, progress, found.entry?.plan ?? null, context.hub.endpoint, context.now());
}

const WATCH_SECONDS = 2;

/** Follows a job to its end, a status a line when it changes. Returns 7 where the job failed. */
async function watchJob(found: FoundJob, context: CommandContext): Promise<number> {
  const { job_id, backend, entry } = found;
  const { out, signal } = context;
  let progress = emptyProgress();
  let ended = false;
  const reading = (async () => {
    for await (const line of backend.logs(job_id, { follow: true, signal })) progress = advance(progress, line);
  })().finally(() => {
    ended = true;
  });
  reading.catch(() => {}); // awaited below
  let shown = '';
  for (;;) {
    const finished = ended;
    const job = await currentJob(found, context);
    const status = jobStatus(job, progress, entry?.plan ?? null, context.hub.endpoint, context.now());
    const change = JSON.stringify({ ...status, elapsed_seconds: null, eta_seconds: null, usd_so_far: null });
    if (change !== shown) out.line(status, renderStatus(status, out.terminal, out.width));
    shown = change;
    if (isOver(job.stage) && finished) {
      await reading;
      return job.stage === 'COMPLETED' ? EXIT.ok : EXIT.job;
    }
    signal.throwIfAborted();
    await sleep(WATCH_SECONDS * 1000, undefined, { signal }).catch(() => {});
  }
}
