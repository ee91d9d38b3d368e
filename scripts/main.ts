import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { INTERRUPTED, report, runCommandLine } from './command-line.ts';
import { EXIT, systemErrorCode, TrainerError } from './errors.ts';

/** More don't make the check of rows faster than disk and network are. */
const MAX_THREADS = 8;

/** The one place that reads the process, and the one that ends it. */
function main(argv: string[]): Promise<number> {
  const file = fileURLToPath(import.meta.url);
  const abort = new AbortController();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    abort.abort(new TrainerError('unexpected', 'interrupted', 'interrupted', 'Nothing is lost: run it again.'));
    // A second one ends a command that doesn't listen.
    process.once(signal, () => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', interrupt);
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit(EXIT.ok); // `... | head`
    process.exit(report(error, false, process));
  });
  // Nobody reads the progress any more: no reason to stop half-way.
  process.stderr.on('error', () => {});

  return runCommandLine(argv, {
    env: process.env,
    cwd: process.cwd,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupt: abort.signal,
    stopSignal: () => {
      process.once('SIGTERM', interrupt);
      return abort.signal;
    },
    file,
    threads: Math.min(availableParallelism(), MAX_THREADS),
    self: [process.execPath, ...process.execArgv, file],
  });
}

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else (await import('./dataset/every-row/thread.ts')).serveRows();
