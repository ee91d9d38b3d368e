import { Command, Option } from 'commander';
import type { CommandContext } from './commands/context.ts';
import { collect, duration, learningRate, positiveInteger, positiveNumber, usd } from './commands/options.ts';
import { METHODS, PLANNED } from './plan/methods.ts';
import { VERSION } from './version.ts';

/**
 * The command table. A command's code, and the libraries that it needs, are loaded when it runs.
 * Each returns its exit code (errors.ts).
 */
export function createProgram(run: Run = async () => {}): Command {
  const program = new Command('hf-llm-trainer')
    .description('Fine-tune open models: validated data, a priced plan to approve, exactly one job, an honest status.')
    .version(VERSION)
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 unexpected, 2 usage, 3 data not ready, 4 approval, budget or price,\n5 authentication, 6 Hub or network, 7 the job failed.',
    );

  const command = (nameAndArguments: string, summary: string): Command =>
    program.command(nameAndArguments).description(summary).option('--json', 'one JSON document on stdout');

  command('doctor', 'what works on this machine, and the command that mends what does not').action(() =>
    run(async (context) => (await import('./commands/doctor.ts')).doctorCommand(context)),
  );

  dataOptions(command('validate <dataset>', 'does this data train? A verdict a method, with row numbers'))
    .addOption(new Option('--method <method>', 'answer for one method').choices(METHODS))
    .option('--full', 'look at every row, not at a sample')
    .option('--model <model>', 'count tokens and try the chat template of this model: Hub id, name, folder or `last`')
    .option('--max-length <tokens>', 'with --model: tell what is cut at this length', positiveInteger('--max-length'))
    .action((dataset: string, options) =>
      run(async (context) => (await import('./commands/validate.ts')).validateCommand(dataset, options, context)),
    );

  dataOptions(command('plan', 'build a plan, print the review card, write the plan file'))
    .option('--model <model>', 'Hub id, name, local folder, or `last` for the newest finished run')
    .option('--dataset <dataset>', 'Hub id, name, or local file or folder')
    .option('--from <plan.json>', 'start from this plan and change what the flags say')
    .addOption(new Option('--method <method>', 'how to train; by default what the data suit best').choices(PLANNED))
    .option('--full', 'validate every row, not a sample')
    .option('--reward <reward>', 'how GRPO and RLOO score: name[:options] or file.py:function; repeatable', collect)
    .option('--examples <n>', 'a demo on this many rows', positiveInteger('--examples'))
    .option('--epochs <n>', 'times over the data', positiveNumber('--epochs'))
    .option('--max-steps <n>', 'stop after this many optimizer steps', positiveInteger('--max-steps'))
    .option('--learning-rate <rate>', 'peak learning rate', learningRate('--learning-rate'))
    .addOption(
      new Option('--lora <mode>', 'adapter instead of all weights; qlora: beside 4-bit ones').choices([
        'auto',
        'on',
        'off',
        'qlora',
      ]),
    )
    .option('--max-length <tokens>', 'longest sequence; what is longer is cut', positiveInteger('--max-length'))
    .option('--set <argument=value>', 'any argument of TRL’s config; repeatable', collect)
    .addOption(new Option('--backend <backend>', 'where it runs').choices(['hf', 'local']))
    .option(
      '--flavor <flavor>',
      'the Jobs hardware; by default the cheapest that fits, or a far faster one for hardly more',
    )
    .option('--timeout <time>', 'when the job is stopped: 90m, 2h', duration('--timeout'))
    .option('--output-repo <repo>', 'where the model goes: owner/name')
    .option('--public', 'make the model visible to everyone')
    .option('--bucket <bucket>', 'a private bucket, mounted in the job, for its checkpoints: owner/name')
    .option('--max-cost <usd>', 'refuse a plan that could bill more', usd('--max-cost'))
    .option('--out <plan.json>', 'where the plan file is written')
    .action((options) => run(async (context) => (await import('./commands/plan.ts')).planCommand(options, context)));

  command('script <plan.json>', 'print the training script of a plan').action((plan: string) =>
    run(async (context) => (await import('./commands/script.ts')).scriptCommand(plan, context)),
  );

  command('submit <plan.json>', 'start the approved plan, once')
    .option('--approve <digest>', 'the digest on the card that the person said yes to (required)')
    .option('--max-cost <usd>', 'refuse if the job could bill more', usd('--max-cost'))
    .option(
      '--again',
      'a new run of a plan that is done, or from nothing for one that failed; may bill the maximum once more',
    )
    .action((plan: string, options) =>
      run(async (context) => (await import('./commands/submit.ts')).submitCommand(plan, options, context)),
    );

  command('quickstart', 'the whole path on this machine in two minutes: no account, no GPU')
    .option('--yes', 'answer yes to the one question')
    .action((options) =>
      run(async (context) => (await import('./commands/quickstart.ts')).quickstartCommand(options, context)),
    );

  command('status [job]', 'one screen on a job, the newest if none is named')
    .option('--watch', 'follow until it is over')
    .action((job: string | undefined, options) =>
      run(async (context) => (await import('./commands/status.ts')).statusCommand(job, options, context)),
    );

  command('logs [job]', 'the log of a job')
    .option('--follow', 'until it is over')
    .option('--tail <n>', 'the last lines only', positiveInteger('--tail'))
    .action((job: string | undefined, options) =>
      run(async (context) => (await import('./commands/logs.ts')).logsCommand(job, options, context)),
    );

  command('cancel <job>', 'stop a job').action((job: string) =>
    run(async (context) => (await import('./commands/cancel.ts')).cancelCommand(job, context)),
  );

  command('ps', 'jobs that were submitted from here')
    .option('--all', 'finished ones too')
    .action((options) => run(async (context) => (await import('./commands/ps.ts')).psCommand(options, context)));

  // How the local backend starts the process that watches over a job. Not for people.
  program
    .command('internal-run-local <folder>', { hidden: true })
    .action((folder: string) =>
      run(async (context) => (await import('./jobs/local/supervise.ts')).superviseJob(folder, context)),
    );

  return program;
}

/** Flags of both commands that read a dataset. */
function dataOptions(command: Command): Command {
  return command
    .option('--config <name>', 'configuration (subset) of the dataset')
    .option('--split <name>', 'split to train on')
    .option(
      '--map <new=old>',
      'take column `new` from column `old`, or make it: new=join(a, b); keeps the mapped columns only; repeatable',
      collect,
    )
    .option('--drop-invalid', 'leave out the rows that cannot train');
}

/** Runs one command's code with the edges of the program; main.ts does it, the tests and the build need not. */
export type Run = (code: (context: CommandContext) => Promise<number>) => Promise<void>;
