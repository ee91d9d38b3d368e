import { EXIT } from '../errors.ts';
import { isOver } from '../jobs/backend.ts';
import type { CommandContext } from './context.ts';
import { findJob } from './jobs.ts';

/** `cancel`: stops a job; of one that is over it says so. */
export async function cancelCommand(id: string, context: CommandContext): Promise<number> {
  const { job_id, backend } = await findJob(id, context);
  const before = await backend.get(job_id);
  if (!isOver(before.stage)) await backend.cancel(job_id);
  const job = await backend.get(job_id);
  context.out.result({ job_id, stage: job.stage, cancelled: !isOver(before.stage) }, () =>
    isOver(before.stage)
      ? `Job ${job_id} was over already: ${before.stage}`
      : `Job ${job_id} was told to stop. Submitting its plan again goes on from its last checkpoint.`,
  );
  return EXIT.ok;
}
