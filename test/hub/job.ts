import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JobLog } from './job-log.ts';

export type JobStage = 'SCHEDULING' | 'RUNNING' | 'COMPLETED' | 'CANCELED' | 'ERROR';

/** What a job was asked to be, checked. */
export interface JobSpec {
  command: string[];
  arguments: string[];
  environment: Record<string, string>;
  secrets: Record<string, string>;
  flavor: string;
  dockerImage: string | null;
  spaceId: string | null;
  timeoutSeconds: number;
  labels: Record<string, string>;
  volumes: Volume[];
}

/** A bucket in a job's container: the path there, and what stands for it on this machine. */
export interface Volume {
  source: string;
  mountPath: string;
  folder: string;
}

export interface JobSurroundings {
  /** Working directory, home and temporary files of the job lie below. */
  folder: string;
  /** What every job has in its environment. */
  environment: Record<string, string>;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  graceMs: number;
  /** In the queue before it runs, in milliseconds. */
  schedulingMs: number;
}

/** A job as a real process, in a process group of its own. */
export class Job {
  stage: JobStage = 'SCHEDULING';
  message: string | null = null;
  readonly createdAt = new Date();
  startedAt: Date | null = null;
  finishedAt: Date | null = null;
  readonly log = new JobLog();
  /** Resolves when the process and all that it started are gone. */
  readonly done: Promise<void>;
  #finish: () => void = () => {};
  #child: ChildProcess | null = null;
  #timers: NodeJS.Timeout[] = [];

  constructor(
    readonly id: string,
    readonly owner: { id: string; name: string; type: 'user' | 'org' },
    readonly initiator: { id: string; name: string },
    readonly spec: JobSpec,
    readonly surroundings: JobSurroundings,
  ) {
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#after(surroundings.schedulingMs, () => this.#start());
  }

  get isOver(): boolean {
    return this.stage !== 'SCHEDULING' && this.stage !== 'RUNNING';
  }

  /** Pid of the job's first process, which is also its process group. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  cancel(): void {
    this.#stop('CANCELED', null);
  }

  /** At once, without grace. */
  kill(): void {
    this.cancel();
    this.#signal('SIGKILL');
  }

  #start(): void {
    const { folder, environment } = this.surroundings;
    const [work, home, tmp] = ['work', 'home', 'tmp'].map((name) => join(folder, name));
    for (const path of [work, home, tmp]) if (path) mkdirSync(path, { recursive: true });
    const { spec } = this;
    this.stage = 'RUNNING';
    this.startedAt = new Date();
    this.log.add(`===== Job started at ${this.startedAt.toISOString().slice(0, 19).replace('T', ' ')} =====`);
    const [program = '', ...rest] = [...spec.command, ...spec.arguments];
    const env = { HOME: home, USERPROFILE: home, TMPDIR: tmp, TEMP: tmp, ...environment, ...spec.environment };
    try {
      this.#child = spawn(program, rest, {
        cwd: work,
        env: { ...mounted(env, spec.volumes), ...spec.secrets, JOB_ID: this.id },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
      });
    } catch (error) {
      this.#over('ERROR', `Job failed to start: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    this.#watch(this.#child);
    this.#after(spec.timeoutSeconds * 1000, () => this.#stop('ERROR', 'Job timeout'));
  }

  #watch(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      const splitter = this.log.splitter();
      stream?.on('data', (chunk: Buffer) => splitter.write(chunk)).on('end', () => splitter.end());
    }
    child.on('error', (error) => this.#over('ERROR', `Job failed to start: ${error.message}`));
    // As in a container, what the first process leaves behind ends with it.
    child.on('exit', () => {
      this.#signal('SIGKILL');
      // Output that somebody still holds open, in a process group of his own, isn't waited for.
      this.#after(this.surroundings.graceMs, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
    });
    child.on('close', (code, signal) => {
      if (code === 0) this.#over('COMPLETED', null);
      else
        this.#over(
          'ERROR',
          `Job failed with exit code: ${code ?? `128 (${signal ?? 'unknown signal'})`}. Reason: Error`,
        );
    });
  }

  /** The stage holds from now on; the process gets SIGTERM and, after the grace, SIGKILL. */
  #stop(stage: 'CANCELED' | 'ERROR', message: string | null): void {
    if (this.isOver) return;
    this.stage = stage;
    this.message = message;
    this.finishedAt = new Date();
    if (!this.#child) this.#over(stage, message);
    this.#signal('SIGTERM');
    this.#after(this.surroundings.graceMs, () => this.#signal('SIGKILL'));
  }

  #over(stage: JobStage, message: string | null): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (!this.isOver) {
      this.stage = stage;
      this.message = message;
    }
    this.finishedAt ??= new Date();
    this.#child = null; // its pid may soon be somebody else's
    this.log.end();
    this.#finish();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') spawn('taskkill', ['/pid', String(pid), '/T', '/F']).on('error', () => {});
      else process.kill(-pid, signal);
    } catch {
      // the group is gone already
    }
  }

  #after(ms: number, act: () => void): void {
    // Node turns a longer delay into one of a millisecond.
    this.#timers.push(setTimeout(act, Math.min(ms, 2 ** 31 - 1)));
  }
}

/** A process of this machine has no mounts of its own: where a variable names one, it finds the bucket's folder. */
function mounted(env: Record<string, string | undefined>, volumes: Volume[]): NodeJS.ProcessEnv {
  const folders = new Map(volumes.map(({ mountPath, folder }) => [mountPath, folder]));
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, folders.get(value ?? '') ?? value]));
}
