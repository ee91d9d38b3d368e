import pRetry, { AbortError } from 'p-retry';
import { errorMessage, TrainerError } from '../errors.ts';

/** Before the second try; three times as long before each further one, and up to twice that by chance. */
const PAUSE_MS = 300;

/**
 * fetch that tries GET and HEAD again, three times with backoff, on a broken connection, 429 and 5xx that may pass. What
 * changes something on the Hub is tried once and waited for: whether it arrived is else unknown.
 * Throws TrainerError `unreachable`.
 */
export function retrying(
  fetch: typeof globalThis.fetch,
  patience_ms: number,
  pause_ms = PAUSE_MS,
): typeof globalThis.fetch {
  return async (input, init) => {
    const idempotent = onlyReads(input, init);
    let answer: Response | undefined;
    try {
      return await pRetry(
        async () => {
          answer = undefined;
          try {
            answer = await (idempotent ? inTime(fetch, patience_ms, input, init) : fetch(input, init));
          } catch (error) {
            if (init?.signal?.aborted || error instanceof TrainerError) {
              throw new AbortError(error instanceof Error ? error : String(error));
            }
            throw error instanceof TypeError ? new Error(causeOf(error), { cause: error }) : error;
          }
          if (mayPass(answer)) throw new Error(`HTTP ${answer.status}`);
          return answer;
        },
        {
          retries: idempotent ? 3 : 0,
          minTimeout: pause_ms,
          factor: 3,
          randomize: true,
          signal: init?.signal ?? undefined,
        },
      );
    } catch (error) {
      if (init?.signal?.aborted || error instanceof TrainerError) throw error;
      if (answer) return answer; // the caller turns the status into words
      const url = new URL(input instanceof Request ? input.url : String(input));
      throw new TrainerError(
        'network',
        'unreachable',
        `${url.origin} can't be reached: ${errorMessage(error)}`,
        'Check the network, HF_ENDPOINT and proxies; `hf-llm-trainer doctor` tells what works.',
        { cause: error },
      );
    }
  };
}

/**
 * Whether the same request may soon be answered otherwise. Not a 500 with a code: the dataset viewer's own finding on a
 * dataset, which it keeps.
 */
function mayPass({ status, headers }: Response): boolean {
  if (status === 429) return true;
  return status >= 500 && status !== 501 && !(status === 500 && headers.has('x-error-code'));
}

/** Whether a request changes nothing, so that it can be cut off or sent again. */
export function onlyReads(...[input, init]: Parameters<typeof globalThis.fetch>): boolean {
  return /^(GET|HEAD)$/i.test(init?.method ?? (input instanceof Request ? input.method : 'GET'));
}

/** Node's fetch hides the reason (`ECONNREFUSED`, ...) in the cause. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

/** Gives up where no answer begins in time; its body may then take as long as it likes, as a followed log does. */
async function inTime(
  fetch: typeof globalThis.fetch,
  patience_ms: number,
  ...[input, init]: Parameters<typeof globalThis.fetch>
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer for ${patience_ms / 1000} s`)), patience_ms);
  const signals = [late.signal, ...(init?.signal ? [init.signal] : [])];
  try {
    return await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}
