import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type OnEvent, Printed, type Ran } from './ran.ts';

const SERVER = fileURLToPath(new URL('../train/python/fork_server.py', import.meta.url));

export interface ForkRun {
  script: string;
  args?: string[];
  env?: Record<string, string>;
  /** The largest file that it may write, bytes: a quota. */
  fileBytes?: number;
  onEvent?: OnEvent | undefined;
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
  let running: number | undefined;
  /** With all that it started. */
  const end = (): void => kill(running === undefined ? undefined : -running, 'SIGKILL');

  return {
    seen: (path) => (disk ? `/proc/${pid}/root${path}` : path),
    close() {
      end();
      server.kill('SIGKILL');
    },
    async run({ script, args = [], env: own = {}, fileBytes, onEvent }) {
      end(); // one that a test gave up waiting for
      runs += 1;
      const socket = join(folder, `${pid}-${runs}`);
      let child: number | undefined;
      const printed = new Printed((event) => onEvent?.(event, (signal) => kill(child, signal)));
      const { closed } = await listen(socket, printed);
      const environment = { ...env, ...own };
      const request = { script, arguments: args, environment, socket, file_bytes: fileBytes ?? null };
      server.stdin?.write(`${JSON.stringify(request)}\n`);
      child = (await answers.next()).pid;
      running = child;
      const ended = await answers.next();
      end(); // what it left behind
      running = undefined;
      await closed;
      const { log, events } = printed;
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

/** Listens on a socket for what one run prints, until it hangs up: its stdout connects first, then its stderr. */
async function listen(socket: string, printed: Printed): Promise<{ closed: Promise<void> }> {
  const listener = createServer();
  const closed = new Promise<void>((resolve) => {
    let open = 0;
    listener.on('connection', (connection) => {
      const isStdout = ++open === 1;
      connection.setEncoding('utf8').on('data', (text: string) => {
        if (isStdout) printed.take(text);
        else printed.log += text;
      });
      connection.on('error', () => undefined);
      connection.on('close', () => {
        if (isStdout) return;
        listener.close(() => resolve());
        void rm(socket, { force: true });
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
