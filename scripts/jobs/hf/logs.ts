import { setTimeout as sleep } from 'node:timers/promises';
import { redact } from '../../redact.ts';

export interface LogStreamParams {
  /** Opens the stream anew: it replays the log from its first line and then follows. */
  open: (signal: AbortSignal) => AsyncIterable<string>;
  isOver: () => Promise<boolean>;
  follow: boolean;
  tail?: number | undefined;
  signal?: AbortSignal | undefined;
  timing?: Partial<LogTiming>;
}

interface LogTiming {
  /** A replay is quick; silence for that long means that all there is has come. */
  replay_ms: number;
  /** Following, that much silence is worth a new connection. */
  silence_ms: number;
  retry_ms: number;
}

/** Connections in a row that may break without a new line. */
const MAX_FAILURES = 5;

/**
 * Log lines of a job from a stream that breaks. There is no way to ask for the lines after the last one seen,
 * so each new stream is counted past them.
 */
export async function* streamLines(params: LogStreamParams): AsyncGenerator<string> {
  const { follow, tail, isOver, signal } = params;
  const timing = { replay_ms: 3_000, silence_ms: 60_000, retry_ms: 1_000, ...params.timing };
  let seen = 0;
  let kept: string[] | null = tail === undefined ? null : [];
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    const over = await isOver(); // before: a replay that begins after the end is complete
    const replay = !follow || over || kept !== null;
    let count = 0;
    let complete = false;
    try {
      for await (const line of untilSilent(params.open, replay ? timing.replay_ms : timing.silence_ms, signal)) {
        if (++count <= seen) continue;
        seen = count;
        failures = 0;
        if (kept) kept = [...kept, redact(line)].slice(-(tail ?? 0) || Number.POSITIVE_INFINITY);
        else yield redact(line);
      }
      complete = true;
    } catch (error) {
      signal?.throwIfAborted();
      if (++failures > MAX_FAILURES) throw error;
    }
    if (complete) {
      if (kept) yield* kept;
      kept = null;
      if (over || !follow) return;
      if (replay) continue; // the tail is out: go on following at once
    }
    await sleep(timing.retry_ms, undefined, signal ? { signal } : {});
  }
}

/** Ends where the stream ends, or after `silence_ms` without a line. */
async function* untilSilent(
  open: (signal: AbortSignal) => AsyncIterable<string>,
  silence_ms: number,
  outer: AbortSignal | undefined,
): AsyncGenerator<string> {
  const inner = new AbortController();
  const lines = open(outer ? AbortSignal.any([inner.signal, outer]) : inner.signal)[Symbol.asyncIterator]();
  try {
    while (true) {
      const timer = new AbortController();
      const next = lines.next();
      next.catch(() => {}); // when silence wins, the abort below rejects it
      const silence = sleep(silence_ms, 'silent' as const, { signal: timer.signal }).catch(() => 'silent' as const);
      const first = await Promise.race([next, silence]).finally(() => timer.abort());
      if (first === 'silent' || first.done) return;
      yield first.value;
    }
  } finally {
    inner.abort();
  }
}
