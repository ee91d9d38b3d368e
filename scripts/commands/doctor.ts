import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, errorMessage, TrainerError } from '../errors.ts';
import { whoami } from '../hub/whoami.ts';
import { readCatalogue } from '../jobs/hf/catalogue.ts';
import { type Machine, thisMachine } from '../jobs/local/machine.ts';
import { findPython } from '../jobs/local/python.ts';
import { findUv } from '../jobs/local/uv.ts';
import { style } from '../output/style.ts';
import { printable } from '../printable.ts';
import type { CommandContext } from './context.ts';

interface Check {
  name: string;
  /** warning: works, but not for everything. */
  result: 'ok' | 'warning' | 'problem';
  message: string;
  /** The command or change that mends it. */
  fix?: string;
}

/** Training needs about this much for the packages, GiB. */
const PACKAGES_GIB = { cpu: 3, gpu: 10 };

/** `doctor`: looks at everything that a run needs, here and on the Hub. Exits 0: telling is all it does. */
export async function doctorCommand(context: CommandContext): Promise<number> {
  const machine = await thisMachine(context);
  const local = await Promise.all([python(context), state(context), disk(machine)]);
  const hub = await Promise.all([endpoint(context), token(context)]);
  const works = (checks: Check[]): boolean => checks.every((check) => check.result !== 'problem');
  const ready = { local: works(local), hf: works(hub) };
  const checks = [node(), ...local, hardware(machine), ...hub];
  context.out.result({ ready, checks }, () =>
    [
      ...checks.map(line),
      '',
      ready.local
        ? 'Training on this machine: ready (--backend local).'
        : 'Training on this machine: mend the problems above.',
      ready.hf ? 'Training on Hugging Face Jobs: ready.' : 'Training on Hugging Face Jobs: mend the problems above.',
    ].join('\n'),
  );
  return EXIT.ok;
}

const MARK = { ok: style.green('✓'), warning: style.yellow('!'), problem: style.red('✗') };

function line({ name, result, message, fix }: Check): string {
  const mend = fix ? `\n             ${style.dim('→')} ${printable(fix)}` : '';
  return `${MARK[result]} ${name.padEnd(10)} ${printable(message)}${mend}`;
}

const node = (): Check => ({ name: 'Node', result: 'ok', message: process.version });

async function python(context: CommandContext): Promise<Check> {
  const uv = await findUv(context);
  if (uv) return { name: 'uv', result: 'ok', message: `${uv} (makes the Python environments)` };
  try {
    const { version } = await findPython(context.env);
    return { name: 'Python', result: 'ok', message: `${version}; uv is installed on first use` };
  } catch (error) {
    return { name: 'Python', result: 'problem', ...problem(error) };
  }
}

/** Writes a file where the ledger and the jobs will be. */
async function state(context: CommandContext): Promise<Check> {
  const probe = join(context.home, `.doctor-${process.pid}`);
  try {
    await mkdir(context.home, { recursive: true, mode: 0o700 });
    await writeFile(probe, 'x');
    await rm(probe);
    return { name: 'State', result: 'ok', message: context.home };
  } catch (error) {
    const fix = 'Free space or mend the rights, or point HF_LLM_TRAINER_HOME at another folder.';
    return { name: 'State', result: 'problem', message: errorMessage(error), fix };
  }
}

async function disk(machine: Machine): Promise<Check> {
  const needed = machine.kind === 'cuda' ? PACKAGES_GIB.gpu : PACKAGES_GIB.cpu;
  if (machine.disk_gib === null) return { name: 'Disk', result: 'warning', message: 'free space is unknown' };
  const message = `${machine.disk_gib} GiB free`;
  if (machine.disk_gib >= needed) return { name: 'Disk', result: 'ok', message };
  const fix = `The training packages take about ${needed} GiB: free space, or set HF_LLM_TRAINER_HOME.`;
  return { name: 'Disk', result: 'problem', message, fix };
}

function hardware(machine: Machine): Check {
  const size = machine.gpu_memory_gib === null ? `${machine.ram_gib} GiB RAM` : `${machine.gpu_memory_gib} GiB`;
  if (machine.kind !== 'cpu') return { name: 'GPU', result: 'ok', message: `${machine.label}, ${size}` };
  return {
    name: 'GPU',
    result: 'warning',
    message: `none; ${machine.label}, ${machine.cpus} cores, ${size}: enough for tiny models`,
    fix: 'Larger ones: --backend hf.',
  };
}

async function endpoint({ hub }: CommandContext): Promise<Check> {
  try {
    const { flavors } = await readCatalogue(hub);
    return { name: 'Hub', result: 'ok', message: `${hub.endpoint}, ${flavors.length} kinds of Jobs hardware` };
  } catch (error) {
    return { name: 'Hub', result: 'problem', ...problem(error) };
  }
}

async function token({ hub }: CommandContext): Promise<Check> {
  const fix = `hf auth login, with a write token from ${hub.endpoint}/settings/tokens`;
  if (!hub.token) return { name: 'Token', result: 'problem', message: 'none', fix };
  try {
    const me = await whoami(hub);
    if (!me.can_write) return { name: 'Token', result: 'problem', message: `${me.name}, can only read`, fix };
    if (!me.can_run_jobs) return { name: 'Token', result: 'problem', message: `${me.name}, may not start jobs`, fix };
    if (me.can_pay === false) {
      // Credit that came with a subscription may be there all the same.
      const credit = `If a job is refused, add credit at ${hub.endpoint}/settings/billing.`;
      return { name: 'Token', result: 'warning', message: `${me.name}, no way to pay on the account`, fix: credit };
    }
    return { name: 'Token', result: 'ok', message: `${me.name}, may write and run jobs` };
  } catch (error) {
    return { name: 'Token', result: 'problem', ...problem(error) };
  }
}

const problem = (error: unknown): { message: string; fix?: string } =>
  error instanceof TrainerError ? { message: error.message, fix: error.hint } : { message: errorMessage(error) };
