import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from './accounts.ts';
import type { Faults } from './faults.ts';
import { type Call, HubError, sendError } from './http.ts';
import { route } from './router.ts';
import type { World } from './world.ts';

/** What is kept of a request; never its token. */
export interface RequestRecord {
  method: string;
  /** With the query. */
  path: string;
  /** Whether it came with a token that is valid here. */
  authorized: boolean;
  /** Null until it is answered, and where no answer was sent. */
  status: number | null;
}

/** From a request to its handler, by way of the faults and the token. */
export function dispatcher(world: World, faults: Faults, requests: RequestRecord[]): RequestListener {
  return (req, res) => {
    void answer(world, faults, requests, req, res);
  };
}

async function answer(
  world: World,
  faults: Faults,
  requests: RequestRecord[],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const method = req.method ?? 'GET';
  const url = new URL(req.url ?? '/', `http://${req.headers.host ?? 'localhost'}`);
  const record: RequestRecord = { method, path: url.pathname + url.search, authorized: false, status: null };
  requests.push(record);
  res.on('finish', () => {
    record.status = res.statusCode;
  });
  const call: Call = { world, method, url, params: {}, identity: null, req, res };
  if (world.latencyMs > 0) await sleep(world.latencyMs);
  try {
    if (!(await faults.strike(call))) return;
    call.identity = identify(world, req.headers.authorization);
    record.authorized = call.identity !== null;
    const found = route(method, url.pathname);
    if (!found) throw new HubError(404, `Cannot ${method} ${url.pathname}`);
    call.params = found.params;
    await found.handler(call);
  } catch (error) {
    if (res.headersSent || res.destroyed) res.destroy();
    else sendError(call, error instanceof HubError ? error : new HubError(500, `Internal Error: ${String(error)}`));
  }
}

function identify(world: World, header: string | undefined): Identity | null {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(header ?? '') ?? [];
  if (token === undefined) return null;
  const identity = world.accounts.identify(token);
  if (!identity) throw new HubError(401, 'Invalid credentials in Authorization header');
  return identity;
}
