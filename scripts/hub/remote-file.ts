import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { authHeaders, bodyMessage, type Hub, httpError } from './client.ts';

/** A file behind HTTP, read by ranges. As hyparquet's AsyncBuffer, with a name. */
export interface RemoteFile {
  /** As messages call it: its path in the repository. */
  readonly name: string;
  readonly byteLength: number;
  /** Bytes from `start` up to `end`, cut to the file's size. Throws TrainerError `auth`, `usage` (404), `network`. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

export interface RemoteAddress {
  name: string;
  url: string;
  /** As the repository's listing has it; an answer of another size is an error. */
  byteLength: number;
}

export interface RemoteOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds in which the next bytes have to come. */
  patience?: number | undefined;
}

const PATIENCE_MS = 30_000;
/** Reads that bring nothing before giving up, beside the retries that `hub.fetch` makes for a status. */
const TRIES = 3;

export function remoteFile(hub: Hub, address: RemoteAddress, options: RemoteOptions = {}): RemoteFile {
  const { name, url, byteLength } = address;
  const { signal, patience = PATIENCE_MS } = options;
  // Where the Hub's redirect led: a signed address of its storage. Saves a hop a read until it expires.
  let storage: string | null = null;

  async function open(start: number, end: number): Promise<Response> {
    const headers = { range: `bytes=${start}-${end - 1}` };
    const at = storage;
    let response = await hub.fetch(at ?? url, {
      headers: at === null ? { ...headers, ...tokenFor(hub, url) } : headers,
      signal: signal ?? null,
    });
    if (at !== null && [401, 403, 404, 410].includes(response.status)) {
      await response.body?.cancel();
      storage = null;
      response = await hub.fetch(url, { headers: { ...headers, ...tokenFor(hub, url) }, signal: signal ?? null });
    }
    if (!response.ok) throw httpError(response.status, `file ${preview(name)}`, hub, await bodyMessage(response));
    // fetch itself drops the token where a redirect leaves the origin.
    if (response.redirected) storage = response.url;
    const size = totalSize(response);
    if (size !== null && size !== byteLength) {
      await response.body?.cancel();
      throw new TrainerError(
        'network',
        'bad_answer',
        `${preview(name)} has ${size} bytes where its listing says ${byteLength}; a proxy may have answered`,
        'Try again in a minute, and check HF_ENDPOINT.',
      );
    }
    return response;
  }

  /** Goes on where a broken connection stopped. */
  async function* bytes(start: number, end: number): AsyncGenerator<Uint8Array> {
    let at = start;
    for (let failed = 0; at < end; ) {
      try {
        const response = await open(at, end);
        // A server that knows no ranges sends the file from its beginning.
        let skip = response.status === 206 ? 0 : at;
        for await (const chunk of arriving(response, patience)) {
          const used = chunk.subarray(skip, skip + (end - at));
          skip -= Math.min(skip, chunk.length);
          if (used.length === 0) continue;
          at += used.length;
          failed = 0;
          yield used;
          if (at >= end) return;
        }
        if (at < end) throw new Error(`the answer ended after ${at} of ${end} bytes`);
      } catch (error) {
        if (signal?.aborted || error instanceof TrainerError) throw error;
        failed += 1;
        if (failed >= TRIES) throw cutShort(name, error);
        await sleep(200 * failed);
      }
    }
  }

  return {
    name,
    byteLength,
    async slice(start, end = byteLength) {
      const last = Math.min(end, byteLength);
      const whole = new Uint8Array(Math.max(0, last - start));
      let filled = 0;
      for await (const chunk of bytes(start, last)) {
        whole.set(chunk, filled);
        filled += chunk.length;
      }
      return whole.buffer;
    },
  };
}

/** Only the Hub itself gets the token. */
function tokenFor(hub: Hub, url: string): Record<string, string> {
  return new URL(url).origin === new URL(hub.endpoint).origin ? authHeaders(hub) : {};
}

/** Bytes of the whole file, as the answer says it; null where it doesn't. */
function totalSize(response: Response): number | null {
  const range = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (response.status === 206) return range === undefined ? null : Number(range);
  // What was compressed on the way has another length than what arrives.
  const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
  return length === null ? null : Number(length);
}

/** The body's chunks. Throws where the next one takes too long; leaving the loop ends the download. */
async function* arriving(response: Response, patience: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), patience);
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function inTime<T>(reading: Promise<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no bytes for ${patience / 1000} s`)), patience);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

function cutShort(name: string, cause: unknown): TrainerError {
  return new TrainerError(
    'network',
    'cut_short',
    `${preview(name)} can't be read to its end: ${preview(errorMessage(cause), 120)}`,
    'Check the network, then try again.',
    { cause },
  );
}
