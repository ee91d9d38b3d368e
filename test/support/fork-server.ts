import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseEvent, type TrainingEvent } from '../../scripts/monitor/events.ts';
import type { Ran } from './training.ts';

const SERVER = fileURLToPath(new URL('../train/python/fork_server.py', import.meta.url));

export interface ForkRun {
  script: string;
  args?: string[];
  env?: Record<string, string>;
  /** The largest file that it may write, bytes: a quota. */
  fileBytes?: number;
  onEvent?: (event: TrainingEvent, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface ForkServer {
  /** Runs one script at a time, as `python script` would. */
  run(options: ForkRun): Promise<Ran>;
  /** How this process sees a file on the server's own disk. */
  seen(path: string): string;
  close(): void;
}

export interface ForkServerOptions {
  python: string;
  /** Of the server and, with its own, of each run. What Hugging Face libraries read when they are imported belongs here. */
  env: Record<string, string>;
  /** A folder for sockets. */
  folder: string;
  /** An empty folder that becomes a disk of this size, bytes. Throws where the system doesn't let users make one. */
  disk?: { folder: string; bytes: number };
}

/** A Python that has imported everything once: a run takes as long as its training. */
export async function startForkServer({ python, env, folder, disk }: ForkServerOptions): Promise<ForkServer> {
  const command = disk ? ['unshare', '-rm', python, SERVER, disk.folder, String(disk.bytes)] : [python, SERVER];
  const [program = '', ...args] = command;
  const server = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = answersOf(server);
  const pid = (await answers.next()).pid;
  if (pid === undefined) throw new Error('the fork server did not start');
  let runs = 0;

  return {
    seen: (path) => (disk ? `/proc/${pid}/root${path}` : path),
    close: () => void server.kill('SIGKILL'),
    async run({ script, args = [], env: own = {}, fileBytes, onEvent }) {
      runs += 1;
      const socket = join(folder, `${pid}-${runs}`);
      let child: number | undefined;
      const output = await collect(socket, (event) => onEvent?.(event, (signal) => kill(child, signal)));
      const environment = { ...env, ...own };
      const request = { script, arguments: args, environment, socket, file_bytes: fileBytes ?? null };
      server.stdin?.write(`${JSON.stringify(request)}\n`);
      child = (await answers.next()).pid;
      const ended = await answers.next();
      kill(child === undefined ? undefined : -child, 'SIGKILL'); // what it left behind
      const { log, events } = await output.closed;
      return { code: ended.code ?? null, signal: ended.signal ? signalName(ended.signal) : null, log, events };
    },
  };
}

type Answer = { pid?: number; code?: number; signal?: number };

function answersOf(server: ChildProcess): { next(): Promise<Answer> } {
  if (!server.stdout) throw new Error('the fork server has no output');
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  return { next: async () => JSON.parse((await lines.next()).value ?? '{}') };
}

interface Collected {
  log: string;
  events: TrainingEvent[];
}

/** Listens on a socket for what one run prints, until it hangs up. */
async function collect(
  socket: string,
  onEvent: (event: TrainingEvent) => void,
): Promise<{ closed: Promise<Collected> }> {
  const collected: Collected = { log: '', events: [] };
  let rest = '';
  const listener = createServer();
  const closed = new Promise<Collected>((resolve) => {
    listener.once('connection', (connection) => {
      connection.setEncoding('utf8').on('data', (text: string) => {
        collected.log += text;
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = parseEvent(line);
          if (event) collected.events.push(event);
          if (event) onEvent(event);
        }
      });
      connection.on('error', () => undefined);
      connection.on('close', () => {
        listener.close();
        void rm(socket, { force: true });
        resolve(collected);
      });
    });
  });
  await new Promise<void>((resolve) => listener.listen(socket, resolve));
  return { closed };
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

function signalName(number: number): NodeJS.Signals {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  if (name === undefined) throw new Error(`there is no signal ${number}`);
  return name as NodeJS.Signals;
}
