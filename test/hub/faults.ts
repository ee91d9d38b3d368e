import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, HubError } from './http.ts';

/** What can go wrong on the way to an answer. */
type Mishap =
  /** The connection is cut before anything is done. */
  | 'drop-before'
  /** Everything is done, then the connection is cut: an answer that was lost. */
  | 'drop-after'
  | { status: number; message?: string; code?: string }
  /** Another server's answer: a proxy's page, say. */
  | { status: number; body: string; type?: string }
  | { delayMs: number }
  /** The connection stays and nothing is done or answered. */
  | 'hang'
  /** Cut after this many bytes of what the client sends, or at its end: an upload that breaks off. */
  | { cutUpload: number }
  /** Cut after this many bytes of the body. */
  | { truncate: number }
  /** Cut after this many events of a stream, log lines for instance. */
  | { truncateEvents: number };

export interface Fault {
  /** Any by default. */
  method?: string;
  /** Tested against path and query. */
  path: RegExp;
  /** How many such requests it lets pass first; none by default. */
  after?: number;
  /** How often it strikes; once by default. */
  times?: number;
  mishap: Mishap;
}

export class Faults {
  #active: { fault: Fault; spared: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#active.push({ fault, spared: fault.after ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#active = [];
  }

  /** Lets the faults for this request strike. False where the connection is gone and nothing is to be done. */
  async strike(call: Call): Promise<boolean> {
    for (const entry of this.#active) {
      const { method, path, mishap } = entry.fault;
      if (entry.left <= 0 || (method && method !== call.method) || !path.test(call.url.pathname + call.url.search))
        continue;
      if (entry.spared > 0) {
        entry.spared -= 1;
        continue;
      }
      entry.left -= 1;
      if (mishap === 'hang') return false;
      if (mishap === 'drop-before') {
        call.req.socket.destroy();
        return false;
      }
      if (mishap === 'drop-after') swallow(call.res);
      else if ('body' in mishap) {
        call.res.writeHead(mishap.status, { 'content-type': mishap.type ?? 'text/html' });
        call.res.end(mishap.body);
        return false;
      } else if ('status' in mishap) {
        throw new HubError(mishap.status, mishap.message ?? 'a fault that a test asked for', mishap.code);
      } else if ('delayMs' in mishap) await sleep(mishap.delayMs);
      else if ('cutUpload' in mishap) {
        if (cutWhileReading(call.req, mishap.cutUpload)) return false;
      } else if ('truncate' in mishap) cutAfter(call.res, mishap.truncate, (chunk) => chunk.byteLength);
      else cutAfter(call.res, mishap.truncateEvents, (chunk) => (chunk.toString().startsWith('data:') ? 1 : 0));
    }
    return true;
  }
}

/** Cuts the connection when more than `limit` bytes of the body came. True where all of it is here already. */
function cutWhileReading(req: IncomingMessage, limit: number): boolean {
  if (req.complete) {
    req.socket.destroy();
    return true;
  }
  const push = req.push.bind(req);
  let arrived = 0;
  req.push = (chunk: unknown, encoding?: BufferEncoding) => {
    arrived += chunk instanceof Uint8Array ? chunk.byteLength : 0;
    if (arrived <= limit && chunk !== null) return push(chunk, encoding);
    req.socket.destroy();
    return false;
  };
  return false;
}

/** Nothing that is written arrives; the end cuts the connection. */
function swallow(res: ServerResponse): void {
  res.writeHead = () => res;
  res.write = () => true;
  res.end = () => {
    res.socket?.destroy();
    return res;
  };
}

/** Passes chunks on until their measure reaches `limit`, then cuts the connection. */
function cutAfter(res: ServerResponse, limit: number, measure: (chunk: Buffer) => number): void {
  const write = res.write.bind(res);
  let passed = 0;
  const passOn = (chunk: unknown): boolean => {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk ?? ''));
    const size = measure(bytes);
    if (passed + size < limit) {
      passed += size;
      return write(bytes);
    }
    const rest = size === bytes.byteLength ? bytes.subarray(0, limit - passed) : bytes;
    passed = Number.POSITIVE_INFINITY;
    write(rest, () => res.socket?.destroy());
    return false;
  };
  res.write = (chunk: unknown) => (passed === Number.POSITIVE_INFINITY ? false : passOn(chunk));
  const end = res.end.bind(res);
  res.end = (chunk?: unknown) => {
    if (passed === Number.POSITIVE_INFINITY) return res;
    if (chunk !== undefined && typeof chunk !== 'function') passOn(chunk);
    return passed === Number.POSITIVE_INFINITY ? res : end();
  };
}
