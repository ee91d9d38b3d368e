import { availableParallelism, homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { CommanderError } from 'commander';
import { createProgram } from './cli.ts';
import type { CommandContext } from './commands/context.ts';
import { EXIT, errorMessage, systemErrorCode, TrainerError } from './errors.ts';
import { hubFromEnvironment } from './hub/client.ts';
import { onlyReads } from './hub/retry.ts';
import { createOutput } from './output/output.ts';
import { printable } from './printable.ts';
import { redact } from './redact.ts';

/** As shells count it: 128 + SIGINT. */
const INTERRUPTED = 130;
/** More don't make the check of rows faster than disk and network are. */
const MAX_THREADS = 8;

/** The one place that reads the process, and the one that ends it. */
async function main(argv: string[]): Promise<number> {
  const json = argv.includes('--json');
  const here = fileURLToPath(import.meta.url);
  const abort = new AbortController();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    abort.abort(new TrainerError('unexpected', 'interrupted', 'interrupted', 'Nothing is lost: run it again.'));
    // A second one ends a command that doesn't listen.
    process.once(signal, () => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', interrupt);
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit(EXIT.ok); // `... | head`
    process.exit(report(error, false));
  });
  // Nobody reads the progress any more: no reason to stop half-way.
  process.stderr.on('error', () => {});

  const context = (): CommandContext => ({
    hub: hubFromEnvironment(process.env, fetchUntil(abort.signal)),
    env: process.env,
    cwd: workingDirectory(),
    home: stateDirectory(process.env),
    now: () => new Date(),
    out: createOutput({ json, stdout: process.stdout, stderr: process.stderr }),
    signal: abort.signal,
    stopSignal: () => {
      process.once('SIGTERM', interrupt);
      return abort.signal;
    },
    threads: { entry: here, count: Math.min(availableParallelism(), MAX_THREADS) },
    self: [process.execPath, ...process.execArgv, here],
    assets: join(dirname(here), '..', 'assets'),
  });

  let exitCode: number = EXIT.ok;
  const program = createProgram(async (code) => {
    exitCode = await code(context());
  });
  for (const command of [program, ...program.commands]) {
    // What commander has to say about a usage error is said below, with the next command.
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (abort.signal.aborted) {
      report(abort.signal.reason, json);
      return INTERRUPTED;
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok; // --help, --version
      return report(usageError(error), json);
    }
    return report(error, json);
  }
}

/** Ctrl-C ends a request that only reads; one that changes something on the Hub is never cut. */
function fetchUntil(interrupt: AbortSignal): typeof fetch {
  return (input, init) => {
    if (!onlyReads(input, init)) return fetch(input, init);
    return fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, interrupt]) : interrupt });
  };
}

/** An expected failure in two lines or as JSON; anything else is a bug and shows where. */
function report(error: unknown, json: boolean): number {
  const known = error instanceof TrainerError ? error : fromSystem(error);
  if (json) {
    const { code, message, hint } = known ?? {
      code: 'bug',
      message: errorMessage(error),
      hint: 'This is a bug in hf-llm-trainer: please report it with the command that you ran.',
    };
    const shown = { code, message: printable(message), hint: printable(hint) };
    process.stdout.write(`${redact(JSON.stringify({ error: shown }, null, 2))}\n`);
  } else if (known) {
    process.stderr.write(printable(redact(`error: ${known.message}\n${known.hint}\n`)));
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(printable(redact(`bug in hf-llm-trainer, please report it:\n${stack}\n`)));
  }
  return known ? known.exitCode : EXIT.unexpected;
}

/** A full disk or a folder that can't be written is the machine's state, not a bug. */
function fromSystem(error: unknown): TrainerError | null {
  const code = systemErrorCode(error);
  if (!code || !['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) return null;
  return new TrainerError(
    'unexpected',
    code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'not_writable',
    errorMessage(error),
    'Free space or mend the rights, or point HF_LLM_TRAINER_HOME at another folder; then run it again.',
    { cause: error },
  );
}

function usageError(error: CommanderError): TrainerError {
  return new TrainerError(
    'usage',
    'usage',
    error.message.replace(/^error: /, ''),
    'hf-llm-trainer --help, or <command> --help, lists what there is.',
  );
}

/** `HF_LLM_TRAINER_HOME`, else a folder of ours in the XDG state directory, which counts only if it is absolute. */
function stateDirectory(env: NodeJS.ProcessEnv): string {
  const home = homedir() || userInfo().homedir; // HOME may be set to nothing
  const given = env.HF_LLM_TRAINER_HOME?.replace(/^~(?=$|[/\\])/, home); // no shell expanded it
  if (given) return resolve(given);
  const xdg = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : null;
  return join(xdg ?? join(home, '.local', 'state'), 'hf-llm-trainer');
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new TrainerError('usage', 'no_folder', 'the folder that this runs in is gone', 'cd to one that exists.', {
      cause,
    });
  }
}

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else (await import('./dataset/every-row/thread.ts')).serveRows();
