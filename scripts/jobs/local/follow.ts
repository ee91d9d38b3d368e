import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode } from '../../errors.ts';

export interface FollowOptions {
  /** Whether nothing more will be written. Asked before each look at the file, so its last lines are seen. */
  isOver: () => Promise<boolean>;
  /** The last N lines of what is there now, and then what follows. */
  tail?: number | undefined;
  signal?: AbortSignal | undefined;
  poll_ms?: number;
}

/** Lines of a growing file, without their line ends. An unfinished last line comes once the file is over. */
export async function* followLines(path: string, options: FollowOptions): AsyncGenerator<string> {
  const { isOver, tail, signal, poll_ms = 250 } = options;
  const decoder = new StringDecoder('utf8');
  let offset = 0;
  let rest = '';
  // Until the end of what is there now has been reached, the last `tail` lines; then null.
  let kept: string[] | null = tail === undefined ? null : [];
  while (true) {
    signal?.throwIfAborted();
    const over = await isOver();
    for await (const bytes of bytesFrom(path, offset)) {
      offset += bytes.length;
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      if (kept) kept = lastOf([...kept, ...lines], tail);
      else yield* lines;
    }
    const unfinished = over && rest !== '' ? [rest] : [];
    yield* kept ? lastOf([...kept, ...unfinished], tail) : unfinished;
    kept = null;
    if (over) return;
    await sleep(poll_ms, undefined, signal ? { signal } : {});
  }
}

/** `slice(-0)` would be all of them. */
const lastOf = (lines: string[], count = 0): string[] => (count > 0 ? lines.slice(-count) : []);

async function* bytesFrom(path: string, offset: number): AsyncGenerator<Buffer> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return; // nothing written yet
    throw error;
  }
  try {
    yield* file.createReadStream({ start: offset, autoClose: false }) as AsyncIterable<Buffer>;
  } finally {
    await file.close();
  }
}
