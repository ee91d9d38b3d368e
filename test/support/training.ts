import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { TrainingEvent } from '../../scripts/monitor/events.ts';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { CAN_FORK, runImported } from './imported-python.ts';
import { type PlanOverrides, samplePlan } from './plan.ts';
import { madeOnce, TEST_HOME, testPython } from './python.ts';
import { type OnEvent, Printed, type Ran } from './ran.ts';
import { installRuntime, type Runtime } from './runtime.ts';

export const QUICKSTART_DATA = fileURLToPath(
  new URL('../../skills/hf-llm-trainer/assets/quickstart.jsonl', import.meta.url),
);
const MAKE_MODEL = fileURLToPath(new URL('../../scripts/training/quickstart_model.py', import.meta.url));

const none = { column: null, parameters: {}, weight: 1 };
/** Those that bring packages of their own. */
const PACKED_REWARDS: Plan['reward'] = [
  { kind: 'builtin', name: 'math', ...none },
  { kind: 'builtin', name: 'json_schema', ...none },
];

/** The runtime with the packages that the tests have installed once. */
export async function runtimeWithPackages(): Promise<Runtime> {
  const runtime = await installRuntime();
  mkdirSync(runtime.home, { recursive: true });
  for (const shared of ['environments', 'uv']) symlinkSync(join(TEST_HOME, shared), join(runtime.home, shared));
  return runtime;
}

/** Everything that any of our scripts or checks imports: one environment for all of these tests. */
export const trainingPython = (): Promise<string> =>
  testPython([
    ...scriptDependencies({
      ...samplePlan(),
      recipe: { ...samplePlan().recipe, mode: 'lora' },
      reward: PACKED_REWARDS,
    }),
    'mypy==2.4.1',
    'pytest==9.2.0',
    'ruff==0.17.5',
  ]);

export interface RunOptions {
  /** Another than the one with everything. */
  python?: string;
  env?: Record<string, string>;
  onEvent?: OnEvent;
}

/** Nothing of this machine's Hugging Face settings, and away from the network. */
function environment(own: Record<string, string>): Record<string, string> {
  // Without compiled modules on disk every run would spend ten seconds on compiling them.
  const unwanted = /^(HF_|HUGGING|TRACKIO_|PYTHONDONTWRITEBYTECODE)/;
  const clean = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || unwanted.test(name) ? [] : [[name, value] as const],
  );
  return {
    ...Object.fromEntries(clean),
    HF_HOME: join(TEST_HOME, 'hf'),
    HF_HUB_OFFLINE: '1',
    OMP_NUM_THREADS: '1',
    PYTHONUNBUFFERED: '1',
    ...own,
  };
}

/** Runs Python, in a process of its own from the start. */
export async function runPython(args: string[], { python, env = {}, onEvent }: RunOptions = {}): Promise<Ran> {
  const child = spawn(python ?? (await trainingPython()), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(env),
  });
  const printed = new Printed((event) => onEvent?.(event, (signal) => child.kill(signal)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.log += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => printed.take(text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, log: printed.log, events: printed.events }));
  });
}

/**
 * Runs Python that imports torch and its friends, in a fork of one that has, where the system forks. Another Python,
 * or one told by its environment to start in another way, has a process of its own.
 */
export async function runTorch(args: string[], options: RunOptions = {}): Promise<Ran> {
  const { python, env = {}, onEvent } = options;
  const unusual = python !== undefined || Object.keys(env).some((name) => name.startsWith('PYTHON'));
  if (!CAN_FORK || unusual) return runPython(args, options);
  return runImported({ python: await trainingPython(), args, env: environment(env), onEvent });
}

/** Runs a plan's script as a backend would, but for the backend. `fresh`: with imports of its own, whatever it is. */
export async function train(
  plan: Plan,
  { fresh = false, ...options }: RunOptions & { fresh?: boolean } = {},
): Promise<Ran> {
  const folder = await temporaryFolder();
  const script = join(folder, 'script.py');
  await writeFile(script, composeScript(plan).script);
  const env = { TRACKIO_DIR: join(folder, 'trackio'), ...options.env };
  return (fresh || plan.launch.processes > 1 ? runPython : runTorch)([script], { ...options, env });
}

/** Removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-llm-trainer-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The quickstart's untrained model: 0.9 M parameters, made once. */
export async function tinyModel(): Promise<string> {
  const source = await readFile(MAKE_MODEL, 'utf8');
  const madeOf = sha256(source + (await readFile(QUICKSTART_DATA, 'utf8'))).slice(0, 12);
  return madeOnce(`tiny-${madeOf}`, async (folder) => {
    const made = await runPython([MAKE_MODEL, QUICKSTART_DATA, folder]);
    if (made.code !== 0) throw new Error(made.log);
  });
}

/** A plan that trains the tiny model on a local file, on the CPU, into a folder of its own. */
export async function localPlan(data: string, overrides: PlanOverrides = {}): Promise<Plan> {
  const folder = await temporaryFolder();
  const file = join(folder, basename(data));
  await copyFile(data, file);
  const content = await readFile(file);
  return samplePlan({
    ...overrides,
    model: { id: await tinyModel(), source: 'local', revision: null, ...overrides.model },
    dataset: {
      id: file,
      source: 'local',
      revision: null,
      fingerprint: sha256(content),
      config: null,
      files: [file],
      mapping: null,
      evaluation: null,
      ...overrides.dataset,
    },
    recipe: { precision: 'fp32', ...overrides.recipe, training_args: trainingArgs(overrides.recipe?.training_args) },
    hardware: { backend: 'local', flavor: 'cpu', image: null },
    output: {
      repo_id: null,
      folder: join(folder, 'model'),
      private: true,
      trackio: { project: 'tests', run_name: 'run', space_id: null, private: true },
      ...overrides.output,
    },
  });
}

const trainingArgs = (args: Plan['recipe']['training_args'] = {}): Plan['recipe']['training_args'] => ({
  max_steps: 6,
  learning_rate: 3e-3,
  per_device_train_batch_size: 8,
  activation_checkpointing: false,
  use_cpu: true,
  bf16: false,
  fp16: false,
  dataloader_pin_memory: false,
  save_strategy: 'steps',
  save_steps: 2,
  logging_steps: 1,
  seed: 42,
  ...args,
});

export const LORA: Plan['recipe']['lora'] = { r: 8, lora_alpha: 16, lora_dropout: 0.1, target_modules: 'all-linear' };

/** The events of one kind. */
export function only<Kind extends TrainingEvent['event']>(
  { events }: Ran,
  kind: Kind,
): Extract<TrainingEvent, { event: Kind }>[] {
  return events.filter((event): event is Extract<TrainingEvent, { event: Kind }> => event.event === kind);
}
