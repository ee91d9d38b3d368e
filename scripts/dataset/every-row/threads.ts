import { Worker } from 'node:worker_threads';
import type { FilePart } from '../rows.ts';
import type { Crew } from './crew.ts';
import { errorOf, failedOf } from './failed.ts';
import type { Assignment, Outcome, Task } from './piece.ts';
import { type FromThread, THREAD, type ThreadData, type ToThread } from './thread-messages.ts';

/** How threads are started. */
export interface Threads {
  /** The file that `isRowThread` is asked in: the runtime itself. */
  entry: string | URL;
  count: number;
  /** Bytes of data from which they are worth their start. */
  from?: number | undefined;
  /** Node's flags for them; this process's own without. */
  execArgv?: string[] | undefined;
}

/** Starts the threads and waits until one is there. Throws where none can be started. */
export async function checkInThreads(
  { entry, count, execArgv }: Threads,
  parts: readonly FilePart[],
  assignment: Assignment,
  seen: (rows: number) => void,
): Promise<Crew> {
  const files = parts.map(({ file: { name, byteLength }, path }) => ({ name, byteLength, path }));
  const workerData: ThreadData = { kind: THREAD, assignment, files };
  const hands: Hand[] = [];
  const waiting: ((hand: Hand) => void)[] = [];
  const free = (hand: Hand): void => {
    const next = waiting.shift();
    if (next) next(hand);
    else idle.push(hand);
  };
  const idle: Hand[] = [];
  for (let number = 0; number < count; number += 1) {
    const worker = new Worker(entry, { workerData, ...(execArgv ? { execArgv } : {}), stdout: false, stderr: false });
    hands.push(new Hand(worker, parts, seen));
  }
  const close = async (): Promise<void> => {
    await Promise.all(hands.map((hand) => hand.close()));
  };
  try {
    await Promise.any(hands.map((hand) => hand.started));
  } catch (error) {
    await close();
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
  idle.push(...hands);
  return {
    size: count,
    async check(task) {
      const hand = idle.shift() ?? (await new Promise<Hand>((resolve) => waiting.push(resolve)));
      try {
        return await hand.check(task);
      } finally {
        free(hand);
      }
    },
    stop() {
      for (const hand of hands) hand.say({ type: 'stop' });
    },
    close,
  };
}

/** One thread. */
class Hand {
  readonly started: Promise<void>;
  #task: { resolve(outcome: Outcome): void; reject(error: Error): void } | null = null;
  #gone: Error | null = null;
  #ready: () => void = () => {};

  constructor(
    private readonly worker: Worker,
    private readonly parts: readonly FilePart[],
    private readonly seen: (rows: number) => void,
  ) {
    this.started = new Promise((resolve, reject) => {
      this.#ready = resolve;
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread ended at once')));
    });
    this.started.catch(() => undefined);
    worker.on('message', (message: FromThread) => this.#heard(message));
    worker.on('error', (error) => this.#ended(error));
    worker.on('exit', (code) => this.#ended(new Error(`a thread ended with code ${code}`)));
  }

  check(task: Task): Promise<Outcome> {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#task = { resolve, reject };
      this.say({ type: 'task', task });
    });
  }

  say(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  #heard(message: FromThread): void {
    if (message.type === 'ready') this.#ready();
    else if (message.type === 'seen') this.seen(message.rows);
    else if (message.type === 'read') void this.#read(message);
    else if (message.type === 'done') this.#take()?.resolve(message.outcome);
    else this.#take()?.reject(errorOf(message.error));
  }

  async #read({ id, file, start, end }: FromThread & { type: 'read' }): Promise<void> {
    try {
      const bytes = await this.parts[file]?.file.slice(start, end);
      if (!bytes) throw new Error('a thread asked for a file that is not there');
      this.say({ type: 'bytes', id, bytes }, [bytes]);
    } catch (error) {
      this.say({ type: 'no-bytes', id, error: failedOf(error) });
    }
  }

  #ended(error: Error): void {
    this.#gone ??= error;
    this.#take()?.reject(error);
  }

  #take() {
    const task = this.#task;
    this.#task = null;
    return task;
  }
}
