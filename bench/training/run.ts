import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleRuntime } from '../../build/bundle.ts';
import { readPack } from '../../build/pack.ts';
import { readPlanFile } from '../../scripts/plan/file.ts';
import type { Plan, PlanDraft } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { trainingPython } from '../../test/support/training.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const root = path('../..');

/** One logged step. Seconds are since the start, those of the processor null where the system doesn't tell them. */
export interface Step {
  loss: number;
  /** Trained on so far, padding not counted. */
  tokens: number;
  seconds: number;
  cpu_seconds: number | null;
}

export interface TrainingRun {
  steps: Step[];
  seconds: number;
  cpu_seconds: number;
  peak_mib: number;
  /** All that was printed. */
  lines: string[];
}

/** A folder with model and data, the runtime as agents have it, and a Python that trains. */
export interface Workshop {
  folder: string;
  python: string;
  /** The plan that `plan` makes of these flags; throws with its words where it makes none. */
  plan: (...flags: string[]) => Promise<Plan>;
  /** Runs Python with these arguments; throws with its log where it fails. */
  run: (...args: string[]) => TrainingRun;
  /** Writes a plan's script and runs it, itself or by a program before it. */
  train: (plan: PlanDraft, ...runner: string[]) => TrainingRun;
}

export async function openWorkshop(layers: number, hidden_size: number, cpu: boolean): Promise<Workshop> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const python = await trainingPython();
  const runtime = join(folder, 'hf-llm-trainer.mjs');
  writeFileSync(runtime, (await bundleRuntime(root, readPack(root))).code);
  const env = {
    ...process.env,
    HF_LLM_TRAINER_HOME: join(folder, 'home'),
    HF_HOME: join(folder, 'hf'),
    TRACKIO_DIR: join(folder, 'trackio'),
    HF_HUB_OFFLINE: '1',
    PYTHONPATH: join(root, 'scripts'),
    // One thread: with more, two processes that take turns still meet others of the machine.
    ...(cpu ? { OMP_NUM_THREADS: '1' } : {}),
  };
  const call = (command: string, args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (error || status !== 0) throw error ?? new Error(`${args.join(' ')}: ${status}\n${stdout}${stderr}`);
    return stdout;
  };
  call(python, [path('inputs.py'), folder, String(layers), String(hidden_size)]);
  const run = (...args: string[]): TrainingRun => readRun(call(python, [path('measured.py'), python, ...args]));
  return {
    folder,
    python,
    run,
    plan: async (...flags) => {
      const file = join(folder, 'plan.json');
      call(process.execPath, [runtime, 'plan', '--backend', 'local', ...flags, '--out', file, '--json']);
      return (await readPlanFile(file)).plan;
    },
    train: (plan, ...runner) => {
      const script = join(folder, 'train.py');
      writeFileSync(script, composeScript(plan).script);
      rmSync(plan.output.folder ?? '', { recursive: true, force: true });
      return run(...runner, script);
    },
  };
}

const LOGGED = /^\{'loss': '?([^',]+).*'num_tokens': '?([^',}]+)/;

/** The trainer's own log, which TRL's scripts and ours print alike. Throws where the run failed. */
function readRun(output: string): TrainingRun {
  const lines: Record<string, unknown>[] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const whole = lines.pop() as unknown as TrainingRun & { code: number };
  if (whole.code !== 0) throw new Error(lines.map(({ line }) => line).join('\n'));
  const steps = lines.flatMap(({ line, seconds, cpu_seconds }) => {
    const [, loss, tokens] = LOGGED.exec(String(line)) ?? [];
    return loss === undefined ? [] : [{ loss: Number(loss), tokens: Number(tokens), seconds, cpu_seconds } as Step];
  });
  return { ...whole, steps, lines: lines.map(({ line }) => String(line)) };
}

/** `--name value` of this process, or what is usual. */
export const option = (name: string, usual: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? usual : (process.argv[at + 1] ?? usual);
};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Tokens a second from the first logged step to the last. By the processor's time, which others on the machine change
 * less, where the system tells it and it is the processor that trains. */
export function tokensPerSecond({ steps }: TrainingRun, by: 'seconds' | 'cpu_seconds'): number {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last || first === last) throw new Error('the run logged fewer than two steps');
  return (last.tokens - first.tokens) / ((last[by] ?? last.seconds) - (first[by] ?? first.seconds));
}
