import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Check {
  name: string;
  result: string;
  message: string;
  fix?: string;
}

async function doctor(
  env: Record<string, string> = {},
): Promise<{ ready: { local: boolean; hf: boolean }; check: (name: string) => Check | undefined }> {
  const { code, value } = await world.here.json(['doctor'], env);
  expect(code).toBe(0);
  return { ready: value.ready, check: (name) => value.checks.find((check: Check) => check.name === name) };
}

describe('doctor', () => {
  it('is content with this machine and this Hub', async () => {
    const { ready, check } = await doctor();
    expect(ready).toEqual({ local: true, hf: true });
    expect(check('Token')).toMatchObject({ result: 'ok', message: 'tester, may write and run jobs' });
    expect(check('Hub')?.message).toMatch(/26 kinds of Jobs hardware/);
    expect(check('Node')?.message).toBe(process.version);
  });

  it.each<[string, () => Record<string, string>, string, string, RegExp]>([
    ['no token', () => ({ HF_TOKEN: '' }), 'Token', 'problem', /none/],
    ['a token that can only read', () => ({ HF_TOKEN: world.hub.tokens.read }), 'Token', 'problem', /can only read/],
    [
      'a token that may not start jobs',
      () => ({ HF_TOKEN: world.hub.addToken(world.hub.addUser('writer'), 'fineGrained', { writer: ['repo.write'] }) }),
      'Token',
      'problem',
      /may not start jobs/,
    ],
    [
      'an account that cannot pay',
      () => ({ HF_TOKEN: world.hub.tokens.noCredit }),
      'Token',
      'warning',
      /no way to pay/,
    ],
    ['a token of nobody', () => ({ HF_TOKEN: 'hf_nobodynobodynobody' }), 'Token', 'problem', /401/],
    ['a Hub out of reach', () => ({ HF_ENDPOINT: 'http://127.0.0.1:9' }), 'Hub', 'problem', /can't be reached/],
    ['no Python and no uv', () => ({ PATH: '/nonexistent' }), 'Python', 'problem', /no Python 3\.10 or newer/],
    [
      'a state directory that is a file',
      () => {
        writeFileSync(join(world.runtime.cwd, 'file'), '');
        return { HF_LLM_TRAINER_HOME: join(world.runtime.cwd, 'file') };
      },
      'State',
      'problem',
      /EEXIST|ENOTDIR|not a (folder|directory)/,
    ],
  ])('tells of %s, and how to mend it', async (_, env, name, result, message) => {
    const { check, ready } = await doctor(env());
    expect(check(name)).toMatchObject({
      result,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/.{10}/),
    });
    if (result === 'problem') expect(ready[['Python', 'State'].includes(name) ? 'local' : 'hf']).toBe(false);
  });
});
