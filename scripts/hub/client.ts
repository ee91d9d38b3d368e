import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type * as z from 'zod';
import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { registerSecret } from '../redact.ts';
import { retrying } from './retry.ts';

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

/** For the first byte of an answer to a read. */
const PATIENCE_MS = 60_000;

/**
 * `pause_ms`: before a read that failed is tried again. Throws TrainerError `usage` for an address that is none, `auth`
 * for a token that can't be one.
 */
export function hubFromEnvironment(env: NodeJS.ProcessEnv, fetch = globalThis.fetch, pause_ms?: number): Hub {
  const endpoint = readAddress(env, 'HF_ENDPOINT') ?? HUB;
  const token = readToken(env);
  if (token) registerSecret(token);
  return {
    endpoint,
    datasetsServer: readAddress(env, 'HF_DATASETS_SERVER') ?? (endpoint === HUB ? VIEWER : endpoint),
    token,
    fetch: retrying(fetch, PATIENCE_MS, pause_ms),
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

const trimSlash = (url: string): string => url.replace(/\/+$/, '');
