import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Identity } from './accounts.ts';
import type { World } from './world.ts';

/** One request on its way to its answer. */
export interface Call {
  world: World;
  method: string;
  url: URL;
  /** Named groups of the route's pattern, decoded. */
  params: Record<string, string>;
  /** Null without a token. */
  identity: Identity | null;
  req: IncomingMessage;
  res: ServerResponse;
}

/** An answer that says no. `code` becomes X-Error-Code, by which the Python client chooses its exception. */
export class HubError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code?: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export function sendJson(call: Call, value: unknown, headers: Record<string, string> = {}, status = 200): void {
  const body = Buffer.from(JSON.stringify(value));
  call.res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.byteLength,
    ...headers,
  });
  call.res.end(call.method === 'HEAD' ? undefined : body);
}

export function sendError(call: Call, error: HubError): void {
  const headers: Record<string, string> = { 'x-error-message': error.message.replace(/[^\x20-\x7e]/g, '?') };
  if (error.code) headers['x-error-code'] = error.code;
  sendJson(call, { error: error.message, ...error.body }, headers, error.status);
}

/** The whole body, for what isn't a file. Throws 413 above `limit` bytes. */
export async function readBody(call: Call, limit = 64_000_000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of call.req as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limit) throw new HubError(413, 'request entity too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON, or as a form where the client says so; an empty one is `{}`. Throws 400. */
export async function readInput<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
  const text = (await readBody(call)).toString('utf8');
  const isForm = call.req.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  return parseInput(schema, isForm ? formFields(text) : jsonOf(text || '{}'));
}

export function parseInput<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HubError(400, `"${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'invalid'}`);
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HubError(400, 'the body is not JSON');
  }
}

function formFields(text: string): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) fields[name] = [...(fields[name] ?? []), value];
  return fields;
}

/** `Link: <...>; rel="next"` to the same request further on, where more follows. */
export function nextLink(call: Call, parameter: string, value: number): Record<string, string> {
  const next = new URL(call.url);
  next.searchParams.set(parameter, String(value));
  return { link: `<${next.href}>; rel="next"` };
}
