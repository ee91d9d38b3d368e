import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import pRetry, { AbortError } from 'p-retry';
import { errorMessage, TrainerError } from '../errors.ts';
import { registerSecret } from '../redact.ts';

/** The Hub as this process reaches it. Every call to it goes through `fetch`, which retries what may be retried. */
export interface Hub {
  /** No trailing slash. `HF_ENDPOINT`, by default https://huggingface.co. */
  endpoint: string;
  /** The dataset viewer's API. `HF_DATASETS_SERVER`; on another endpoint than the Hub's own, that endpoint. */
  datasetsServer: string;
  token: string | null;
  fetch: typeof globalThis.fetch;
}

const HUB = 'https://huggingface.co';
const VIEWER = 'https://datasets-server.huggingface.co';

export function hubFromEnvironment(env: NodeJS.ProcessEnv, fetch = globalThis.fetch): Hub {
  const endpoint = trimSlash(env.HF_ENDPOINT || HUB);
  const token = readToken(env);
  if (token) registerSecret(token);
  return {
    endpoint,
    datasetsServer: trimSlash(env.HF_DATASETS_SERVER || (endpoint === HUB ? VIEWER : endpoint)),
    token,
    fetch: retrying(fetch),
  };
}

/** `HF_TOKEN`, else the file that `hf auth login` writes (huggingface_hub's `HF_TOKEN_PATH`, `HF_HOME`). */
function readToken(env: NodeJS.ProcessEnv): string | null {
  const fromEnvironment = env.HF_TOKEN?.trim();
  if (fromEnvironment) return fromEnvironment;
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const path = env.HF_TOKEN_PATH || join(env.HF_HOME || join(cache, 'huggingface'), 'token');
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null; // not logged in
  }
}

/** Parameters that every function of @huggingface/hub takes. */
export function hubParams(hub: Hub): { hubUrl: string; fetch: typeof globalThis.fetch; accessToken?: string } {
  return { hubUrl: hub.endpoint, fetch: hub.fetch, ...(hub.token ? { accessToken: hub.token } : {}) };
}

export function authHeaders(hub: Hub): Record<string, string> {
  return hub.token ? { authorization: `Bearer ${hub.token}` } : {};
}

/**
 * GET and parse JSON. `what` names the thing for the error text, e.g. `model Qwen/Qwen3-0.6B`.
 * Throws TrainerError `auth` (401, 403), `usage` (404), `network` (everything else).
 */
export async function getJson(hub: Hub, url: string, what: string): Promise<unknown> {
  const response = await hub.fetch(url, { headers: authHeaders(hub) });
  if (!response.ok) throw httpError(response.status, what, hub, await bodyMessage(response));
  try {
    return await response.json();
  } catch (cause) {
    throw new TrainerError(
      'network',
      'bad_answer',
      `${what}: the answer of ${url} is not JSON`,
      'Try again in a minute.',
      {
        cause,
      },
    );
  }
}

/** What an HTTP status means to a person. `detail` is the server's own sentence. */
export function httpError(status: number, what: string, hub: Hub, detail = ''): TrainerError {
  const said = detail ? `: ${detail}` : '';
  if (status === 401 || status === 403) {
    return hub.token
      ? new TrainerError(
          'auth',
          'forbidden',
          `no access to ${what} (HTTP ${status}${said})`,
          'Accept the conditions on its page if it is gated, or use a token with rights to it: hf auth login',
        )
      : new TrainerError(
          'auth',
          'not_logged_in',
          `no access to ${what} without a token (HTTP ${status}${said})`,
          'Log in with `hf auth login`, or set HF_TOKEN. If the name may be wrong: the Hub answers 401 for what does not exist, too.',
        );
  }
  if (status === 402) {
    return new TrainerError(
      'approval',
      'no_credit',
      `${what}: the account has no credit (HTTP 402${said})`,
      `Add credit at ${hub.endpoint}/settings/billing, then submit the same plan again.`,
    );
  }
  if (status === 404) {
    return new TrainerError(
      'usage',
      'not_found',
      `${what} does not exist on ${hub.endpoint}${said}`,
      'Check the name.',
    );
  }
  return new TrainerError('network', 'hub_error', `${what}: HTTP ${status}${said}`, 'Try again in a minute.');
}

/** The sentence in an error's body: `{error}` as JSON, or nothing. */
export async function bodyMessage(response: Response): Promise<string> {
  try {
    const body: unknown = JSON.parse((await response.text()).slice(0, 10_000));
    if (body && typeof body === 'object' && 'error' in body && typeof body.error === 'string') {
      return body.error.slice(0, 300);
    }
  } catch {
    // not JSON: an HTML page of a proxy, say
  }
  return '';
}

/**
 * fetch that tries GET and HEAD again, three times with backoff, on a broken connection, 429 and 5xx. What
 * changes something on the Hub is tried once: whether it arrived is then unknown, and its caller's to find out.
 */
function retrying(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    const idempotent = method === 'GET' || method === 'HEAD';
    let answer: Response | undefined;
    try {
      return await pRetry(
        async () => {
          answer = undefined;
          try {
            answer = await fetch(input, init);
          } catch (error) {
            if (init?.signal?.aborted) throw new AbortError(error instanceof Error ? error : String(error));
            throw error instanceof TypeError ? new Error(causeOf(error), { cause: error }) : error;
          }
          if (answer.status === 429 || answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
          return answer;
        },
        { retries: idempotent ? 3 : 0, minTimeout: 300, factor: 3, randomize: true },
      );
    } catch (error) {
      if (answer) return answer; // the caller turns the status into words
      if (init?.signal?.aborted) throw error;
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

/** Node's fetch hides the reason (`ECONNREFUSED`, ...) in the cause. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

const trimSlash = (url: string): string => url.replace(/\/+$/, '');
