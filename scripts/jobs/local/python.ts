import { TrainerError } from '../../errors.ts';
import { type Run, run } from './run.ts';

export interface Python {
  /** What to spawn: a name on PATH, or `py` with `-3` on Windows. */
  command: string;
  args: string[];
  /** e.g. `3.11.7` */
  version: string;
}

/** The oldest Python that the training packages run on. */
const OLDEST_PYTHON = '3.10';

const CANDIDATES: [string, ...string[]][] =
  process.platform === 'win32' ? [['py', '-3'], ['python']] : [['python3'], ['python']];

/** The first Python on PATH that is new enough. Throws TrainerError `python_missing` or `python_too_old`. */
export async function findPython(env: NodeJS.ProcessEnv, spawn: Run = run): Promise<Python> {
  const tooOld: string[] = [];
  for (const [command, ...args] of CANDIDATES) {
    const asked = await spawn(command, [...args, '-c', 'import platform; print(platform.python_version())'], { env });
    const version = asked.stdout.trim();
    if (asked.code !== 0 || !version) continue;
    if (!isOlder(version, OLDEST_PYTHON)) return { command, args, version };
    tooOld.push(`${command} is ${version}`);
  }
  const install =
    process.platform === 'linux'
      ? 'Install it: apt install python3 python3-venv (Debian, Ubuntu), dnf install python3 (Fedora).'
      : 'Install it from https://www.python.org/downloads/, or install uv: https://docs.astral.sh/uv/.';
  throw tooOld.length > 0
    ? new TrainerError(
        'usage',
        'python_too_old',
        `Python ${OLDEST_PYTHON} or newer is needed; ${tooOld.join(', ')}`,
        install,
      )
    : new TrainerError('usage', 'python_missing', `no Python ${OLDEST_PYTHON} or newer on PATH`, install);
}

/** Compares dotted numbers: `isOlder('3.9.2', '3.10')`. What isn't a number (`rc1`) ends the comparison. */
export function isOlder(version: string, than: string): boolean {
  const left = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, part] of than.split('.').entries()) {
    const here = left[index] ?? 0;
    const there = Number.parseInt(part, 10);
    if (here !== there) return here < there;
  }
  return false;
}
