import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleRuntime } from '../../build/bundle.ts';
import { readPack } from '../../build/pack.ts';
import { runCommandLine } from '../../scripts/command-line.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of the skill's folder alone, with the runtime as the sources are now: what an agent has. */
export interface Runtime {
  /** The one file. */
  file: string;
  /** State directory of its own. */
  home: string;
  /** Empty folder to run in. */
  cwd: string;
  /** Runs a command to its end. `env` is over an environment without any Hugging Face variable. */
  run(args: string[], options?: RunOptions): Promise<Ran>;
  /** Runs with `--json` and parses what it printed. */
  json<T = Record<string, unknown>>(args: string[], options?: RunOptions): Promise<Ran & { value: T }>;
  /**
   * As `run`, by the sources in this process, with short pauses: ten times as fast, for what is answered, where the
   * process that answers is not in question.
   */
  here(args: string[], env?: Record<string, string>): Promise<Ran>;
  /** Starts a command and returns at once. */
  start(args: string[], options?: RunOptions): ChildProcess;
  remove(): void;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Called as soon as it runs. */
  started?: (child: ChildProcess) => void;
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

let bundle: Promise<string> | undefined;

export async function installRuntime(): Promise<Runtime> {
  bundle ??= bundleRuntime(ROOT, readPack(ROOT)).then(({ code }) => code);
  const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  const skill = join(folder, 'hf-llm-trainer');
  cpSync(join(ROOT, 'skills/hf-llm-trainer'), skill, { recursive: true });
  const file = join(skill, 'scripts/hf-llm-trainer.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await bundle);
  const [home, cwd] = [join(folder, 'state'), join(folder, 'work')];
  mkdirSync(cwd);

  const environment = (more?: Record<string, string>): NodeJS.ProcessEnv => ({
    ...{ ...cleanEnvironment(), HF_HOME: join(folder, 'hf'), HF_LLM_TRAINER_HOME: home },
    ...more,
  });
  const start = (args: string[], options: RunOptions = {}): ChildProcess =>
    spawn(process.execPath, [file, ...args], {
      cwd: options.cwd ?? cwd,
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const run = (args: string[], options: RunOptions = {}): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const child = start(args, options);
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
      options.started?.(child);
    });
  return {
    file,
    home,
    cwd,
    run,
    json: async (args, options) => {
      const ran = await run([...args, '--json'], options);
      return { ...ran, value: JSON.parse(ran.stdout) };
    },
    here: async (args, env) => {
      const [stdout, stderr]: [string[], string[]] = [[], []];
      const { signal } = new AbortController();
      const code = await runCommandLine(args, {
        env: environment(env),
        cwd: () => cwd,
        stdout: { write: (text) => stdout.push(text) },
        stderr: { write: (text) => stderr.push(text) },
        interrupt: signal,
        stopSignal: () => signal,
        ...{ file, threads: 2, pause: 5, self: [process.execPath, file] },
      });
      return { code, stdout: stdout.join(''), stderr: stderr.join('') };
    },
    start,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** This process's environment without what would lead to a real account, a real Hub or real state. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(HF_|HUGGING|TRACKIO_|NODE_OPTIONS|VITEST|XDG_)/.test(name)),
  );
}
