import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { DataFile } from '../local/data-file.ts';
import { diskFiles } from '../local/files.ts';
import type { Readable } from '../local/reader.ts';
import { kindOf } from '../local/readers.ts';
import { errorOf, failedOf } from './failed.ts';
import { checkPiece, type Task } from './piece.ts';
import { type FromThread, THREAD, type ThreadData, type ThreadFile, type ToThread } from './thread-messages.ts';

/** Whether this process's current thread was started to check rows. */
export const isRowThread = (): boolean => parentPort !== null && workerData?.kind === THREAD;

/** Checks pieces as they come, one at a time, until the main thread ends it. */
export function serveRows(): void {
  if (!parentPort) throw new Error('not in a worker thread');
  const port = parentPort;
  const { assignment, files }: ThreadData = workerData;
  const say = (message: FromThread): void => port.postMessage(message);
  const relay = new Relay(port);
  const opened = new Map<number, Promise<Readable>>();
  let stopped = false;

  const readableOf = (number: number): Promise<Readable> => {
    const known = opened.get(number) ?? opening(files[number], (start, end) => relay.read(number, start, end));
    opened.set(number, known);
    return known;
  };
  const check = async ({ file, piece }: Task): Promise<void> => {
    const watch = { seen: (rows: number) => say({ type: 'seen', rows }), stopped: () => stopped };
    try {
      say({ type: 'done', outcome: await checkPiece(await readableOf(file), piece, assignment, watch) });
    } catch (error) {
      say({ type: 'failed', error: failedOf(error) });
    }
  };
  port.on('message', (message: ToThread) => {
    if (message.type === 'task') void check(message.task);
    else if (message.type === 'stop') stopped = true;
    else relay.answered(message);
  });
  say({ type: 'ready' });
}

type Read = (start: number, end: number) => Promise<ArrayBuffer>;

async function opening(described: ThreadFile | undefined, read: Read): Promise<Readable> {
  if (!described) throw new Error('a task for a file that is not there');
  const { name, byteLength, path } = described;
  const file: DataFile =
    path === null
      ? { name, byteLength, slice: (start, end = byteLength) => read(start, end) }
      : await diskFiles.open(path);
  const kind = kindOf(name);
  if (!kind) throw new Error(`no reader for ${name}`);
  return kind.reader.open(file);
}

/** Bytes that the main thread reads, since only it talks to the Hub. */
class Relay {
  readonly #waiting = new Map<number, { resolve(bytes: ArrayBuffer): void; reject(error: Error): void }>();
  #next = 0;

  constructor(private readonly port: MessagePort) {}

  read(file: number, start: number, end: number): Promise<ArrayBuffer> {
    const id = this.#next++;
    const message: FromThread = { type: 'read', id, file, start, end };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.port.postMessage(message);
    });
  }

  answered(message: Extract<ToThread, { id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'bytes') waiting?.resolve(message.bytes);
    else waiting?.reject(errorOf(message.error));
  }
}
