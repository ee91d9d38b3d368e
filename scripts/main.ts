import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { createProgram } from './cli.ts';
import type { CommandContext } from './commands/context.ts';
import { EXIT, errorMessage, systemErrorCode, TrainerError } from './errors.ts';
import { hubFromEnvironment } from './hub/client.ts';
import { createOutput } from './output/output.ts';
import { redact } from './redact.ts';

/** As shells count it: 128 + SIGINT. */
const INTERRUPTED = 130;

/** The one place that reads the process, and the one that ends it. */
async function main(argv: string[]): Promise<number> {
  const json = argv.includes('--json');
  const here = fileURLToPath(import.meta.url);
  const abort = new AbortController();
  process.once('SIGINT', () => {
    abort.abort(new TrainerError('unexpected', 'interrupted', 'interrupted', 'Nothing is lost: run it again.'));
    // A second Ctrl-C ends a command that doesn't listen.
    process.once('SIGINT', () => process.exit(INTERRUPTED));
  });
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit(EXIT.ok); // `... | head`
    throw error;
  });

  const context = (): CommandContext => ({
    hub: hubFromEnvironment(process.env),
    env: process.env,
    cwd: process.cwd(),
    home: stateDirectory(process.env),
    now: () => new Date(),
    out: createOutput({ json, stdout: process.stdout, stderr: process.stderr }),
    signal: abort.signal,
    self: [process.execPath, ...process.execArgv, here],
    assets: join(dirname(here), '..', 'assets'),
  });

  let exitCode: number = EXIT.ok;
  const program = createProgram(async (_options, code) => {
    exitCode = await code(context());
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    if (json) command.configureOutput({ writeErr: () => {} });
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
      if (json) report(usageError(error), json);
      return EXIT.usage;
    }
    return report(error, json);
  }
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
    process.stdout.write(`${redact(JSON.stringify({ error: { code, message, hint } }, null, 2))}\n`);
  } else if (known) {
    process.stderr.write(redact(`error: ${known.message}\n${known.hint}\n`));
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(redact(`bug in hf-llm-trainer, please report it:\n${stack}\n`));
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

/** `HF_LLM_TRAINER_HOME`, else a folder of ours in the XDG state directory. */
function stateDirectory(env: NodeJS.ProcessEnv): string {
  if (env.HF_LLM_TRAINER_HOME) return resolve(env.HF_LLM_TRAINER_HOME);
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'hf-llm-trainer');
}

process.exitCode = await main(process.argv.slice(2));
