import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface RunResult {
  /** Exit code; 127 where there is no such command, null after a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Each line of stderr as it comes: where pip and uv tell their progress. */
  onLine?: ((line: string) => void) | undefined;
}

export type Run = (command: string, args: string[], options: RunOptions) => Promise<RunResult>;

/** Runs a command to its end and keeps what it said. Rejects only when the signal aborts. */
export const run: Run = (command, args, { env, signal, onLine }) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, signal, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      stderr += `${line}\n`;
      onLine?.(line);
    });
    child.on('error', (error) => {
      if (signal?.aborted) reject(error);
      else resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
