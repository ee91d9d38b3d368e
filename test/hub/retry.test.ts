import { describe, expect, it } from 'vitest';
import { retrying } from '../../scripts/hub/retry.ts';

/** A server of answers: each call takes the next; a number is a status, an error is thrown, `silence` never answers. */
function server(...answers: (number | Error | 'silence')[]) {
  const calls: string[] = [];
  const fetch: typeof globalThis.fetch = (_, init) => {
    const answer = answers[calls.length] ?? 200;
    calls.push(init?.method ?? 'GET');
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== 'silence') return Promise.resolve(new Response('', { status: answer }));
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  };
  return { calls, fetch: retrying(fetch, 50, 5) };
}
const broken = new TypeError('fetch failed', { cause: new Error('ECONNRESET') });
const url = 'https://hub.test/api';

describe('retrying', () => {
  it.each<[string, (number | Error | 'silence')[], number, number]>([
    ['an answer', [200], 200, 1],
    ['a refusal', [404], 404, 1],
    ['what a server will never do', [501], 501, 1],
    ['a busy server, then an answer', [503, 429, 200], 200, 3],
    ['a broken connection, then an answer', [broken, 200], 200, 2],
    ['silence, then an answer', ['silence', 200], 200, 2],
    ['a server that stays busy: its last word', [503, 503, 503, 503], 503, 4],
  ])('a read that meets %s', async (_, answers, status, calls) => {
    const { fetch, calls: made } = server(...answers);
    expect((await fetch(url)).status).toBe(status);
    expect(made).toHaveLength(calls);
  });

  it('takes the finding of a dataset viewer as it is', async () => {
    const answers = [new Response('', { status: 500, headers: { 'x-error-code': 'ResponseNotReady' } })];
    const fetch = retrying(async () => answers.pop() ?? new Response(''), 50, 5);
    expect((await fetch(url)).status).toBe(500);
  });

  it.each<[string, Error | 'silence', RegExp]>([
    ['a connection that stays broken', broken, /https:\/\/hub\.test can't be reached: ECONNRESET/],
    ['a server that stays silent', 'silence', /no answer for 0\.05 s/],
  ])('a read gives up on %s', async (_, answer, message) => {
    const { fetch } = server(answer, answer, answer, answer);
    await expect(fetch(url)).rejects.toMatchObject({
      code: 'unreachable',
      exitCode: 6,
      message: expect.stringMatching(message),
    });
  });

  it.each([[503], [429]])('a write is sent once, whatever comes: %i', async (status) => {
    const { fetch, calls } = server(status);
    expect((await fetch(url, { method: 'POST' })).status).toBe(status);
    expect(calls).toEqual(['POST']);
  });

  it('ends at once when the caller gives up', async () => {
    const { fetch, calls } = server('silence');
    const stop = new AbortController();
    const asked = fetch(url, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(calls).toHaveLength(1);
  });

  it('ends at once in the pause before the next try', async () => {
    const fetch = retrying(async () => new Response('', { status: 503 }), 50, 3_600_000);
    const stop = new AbortController();
    const asked = fetch(url, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
  });
});
