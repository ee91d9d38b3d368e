import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { CommanderError } from 'commander';
import { createProgram } from './cli.ts';
import type { CommandContext } from './commands/context.ts';
import { EXIT, errorMessage, systemErrorCode, TrainerError } from './errors.ts';
import { type Hub, hubFromEnvironment } from './hub/client.ts';
import { onlyReads } from './hub/retry.ts';
import { createOutput, type Stream } from './output/output.ts';
import { printable } from './printable.ts';
import { redact } from './redact.ts';

/** As shells count it: 128 + SIGINT. */
export const INTERRUPTED = 130;

/** What a command line has of the process that runs it. */
export interface Surroundings extends Pick<CommandContext, 'env' | 'stopSignal' | 'self'> {
  /** Throws where that folder is gone. */
  cwd(): string;
  stdout: Stream;
  stderr: Stream;
  /** Aborted, with the error to show, by Ctrl-C. */
  interrupt: AbortSignal;
  /** The runtime's one file. */
  file: string;
  /** Threads that a check of rows may take. */
  threads: number;
  /** Milliseconds before a request that failed is sent again; by default as retry.ts has it. */
  pause?: number;
}

/** Runs one command line to its end; the exit code. Errors are said here, and none is thrown. */
export async function runCommandLine(argv: string[], here: Surroundings): Promise<number> {
  const json = argv.includes('--json');
  const { env, interrupt, stdout, stderr } = here;
  const over = new AbortController();
  const context = (): CommandContext => ({
    hub: hubUntil(AbortSignal.any([interrupt, over.signal]), hubFromEnvironment(env, globalThis.fetch, here.pause)),
    env,
    cwd: workingDirectory(here),
    home: stateDirectory(env),
    now: () => new Date(),
    out: createOutput({ json, stdout, stderr }),
    signal: interrupt,
    stopSignal: here.stopSignal,
    threads: { entry: here.file, count: here.threads },
    self: here.self,
    assets: join(dirname(here.file), '..', 'assets'),
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
    if (interrupt.aborted) {
      report(interrupt.reason, json, here);
      return INTERRUPTED;
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok; // --help, --version
      return report(usageError(error), json, here);
    }
    return report(error, json, here);
  } finally {
    over.abort(); // what was asked for ahead, and is no longer needed, keeps nobody waiting
  }
}

/** `end` cuts a request that only reads, and its pauses; one that changes something on the Hub is never cut. */
function hubUntil(end: AbortSignal, hub: Hub): Hub {
  return {
    ...hub,
    fetch: (input, init) => {
      if (!onlyReads(input, init)) return hub.fetch(input, init);
      return hub.fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, end]) : end });
    },
  };
}

/** An expected failure in two lines or as JSON; anything else is a bug and shows where. Returns the exit code. */
export function report(error: unknown, json: boolean, to: Pick<Surroundings, 'stdout' | 'stderr'>): number {
  const known = error instanceof TrainerError ? error : fromSystem(error);
  if (json) {
    const { code, message, hint } = known ?? {
      code: 'bug',
      message: errorMessage(error),
      hint: 'This is a bug in hf-llm-trainer: please report it with the command that you ran.',
    };
    const shown = { code, message: printable(message), hint: printable(hint) };
    to.stdout.write(`${redact(JSON.stringify({ error: shown }, null, 2))}\n`);
  } else if (known) {
    to.stderr.write(printable(redact(`error: ${known.message}\n${known.hint}\n`)));
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    to.stderr.write(printable(redact(`bug in hf-llm-trainer, please report it:\n${stack}\n`)));
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

function workingDirectory({ cwd }: Surroundings): string {
  try {
    return cwd();
  } catch (cause) {
    throw new TrainerError('usage', 'no_folder', 'the folder that this runs in is gone', 'cd to one that exists.', {
      cause,
    });
  }
}
