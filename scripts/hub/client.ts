import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import pRetry, { AbortError } from 'p-retry';
import type * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
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

/** Throws TrainerError `usage` for an address that is none, `auth` for a token that can't be one. */
export function hubFromEnvironment(env: NodeJS.ProcessEnv, fetch = globalThis.fetch): Hub {
  const endpoint = readAddress(env, 'HF_ENDPOINT') ?? HUB;
  const token = readToken(env);
  if (token) registerSecret(token);
  return {
    endpoint,
    datasetsServer: readAddress(env, 'HF_DATASETS_SERVER') ?? (endpoint === HUB ? VIEWER : endpoint),
    token,
    fetch: retrying(fetch),
  };
}

function readAddress(env: NodeJS.ProcessEnv, name: string): string | null {
  const given = env[name]?.trim();
  if (!given) return null;
  const url = URL.canParse(given) ? new URL(given) : null;
  const why =
    url?.username || url?.password
      ? 'holds a user name or password, which would end up in plans and logs'
      : !url || !/^https?:$/.test(url.protocol)
        ? `is not an address: "${preview(given)}"`
        : null;
  if (why === null) return trimSlash(given);
  throw new TrainerError('usage', 'bad_address', `${name} ${why}`, `Set ${name} to an https:// address, or unset it.`);
}

/** `HF_TOKEN`, else the file that `hf auth login` writes (huggingface_hub's `HF_TOKEN_PATH`, `HF_HOME`). */
function readToken(env: NodeJS.ProcessEnv): string | null {
  const token = env.HF_TOKEN?.trim() || storedToken(env);
  if (!token || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new TrainerError(
    'auth',
    'bad_token',
    'the token holds characters that no token has, such as a line break',
    'Set HF_TOKEN anew, or log in again with `hf auth login`.',
  );
}

function storedToken(env: NodeJS.ProcessEnv): string | null {
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
 * GET, and parse the JSON by its schema. `what` names the thing for the error text, e.g. `model Qwen/Qwen3-0.6B`.
 * Throws TrainerError `auth` (401, 403), `usage` (404), `network` (everything else).
 */
export async function getJson<T>(hub: Hub, url: string, what: string, schema: z.ZodType<T>): Promise<T> {
  const response = await hub.fetch(url, { headers: authHeaders(hub) });
  if (!response.ok) throw httpError(response.status, what, hub, await bodyMessage(response));
  return parseAnswer(response, hub, what, schema);
}

/** The JSON of an answer by its schema. Throws TrainerError `bad_answer`: a proxy, say, may have answered. */
export async function parseAnswer<T>(response: Response, hub: Hub, what: string, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await response.json().catch(() => null));
  if (parsed.success) return parsed.data;
  throw new TrainerError(
    'network',
    'bad_answer',
    `${what}: ${hub.endpoint} answered in a shape that this version doesn't know`,
    'Try again in a minute, and check HF_ENDPOINT; a proxy may have answered.',
    { cause: parsed.error },
  );
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
  if (status === 429) {
    return new TrainerError(
      'network',
      'rate_limited',
      `${what}: too many requests (HTTP 429${said})`,
      'Wait a minute, then try again.',
    );
  }
  return new TrainerError('network', 'hub_error', `${what}: HTTP ${status}${said}`, 'Try again in a minute.');
}

export const bodyMessage = async (response: Response): Promise<string> => errorSentence(await response.text());

/** The sentence in the body of an error, `{error}` as JSON, safe to show; empty where there is none. */
export function errorSentence(body: string): string {
  try {
    const answer: unknown = JSON.parse(body.slice(0, 10_000));
    if (answer && typeof answer === 'object' && 'error' in answer && typeof answer.error === 'string') {
      return preview(answer.error, 300);
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
            if (init?.signal?.aborted || error instanceof TrainerError) {
              throw new AbortError(error instanceof Error ? error : String(error));
            }
            throw error instanceof TypeError ? new Error(causeOf(error), { cause: error }) : error;
          }
          if (answer.status === 429 || answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
          return answer;
        },
        { retries: idempotent ? 3 : 0, minTimeout: 300, factor: 3, randomize: true },
      );
    } catch (error) {
      if (answer) return answer; // the caller turns the status into words
      if (init?.signal?.aborted || error instanceof TrainerError) throw error;
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
