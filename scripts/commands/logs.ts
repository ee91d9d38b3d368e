import { EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import type { CommandContext } from './context.ts';
import { findJob } from './jobs.ts';

/** `logs`: a job's log, a line each; with `--json` each as `{"line"}`. */
export async function logsCommand(
  id: string | undefined,
  flags: { follow?: boolean; tail?: number },
  context: CommandContext,
): Promise<number> {
  const { job_id, backend } = await findJob(id, context);
  const { follow = false, tail } = flags;
  const options = { follow, signal: context.signal, ...(tail === undefined ? {} : { tail }) };
  for await (const line of backend.logs(job_id, options)) context.out.line({ line: printable(line) }, printable(line));
  context.signal.throwIfAborted();
  return EXIT.ok;
}
