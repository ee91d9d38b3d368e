import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAT_LINES, DEMO_FLAGS, fileIn, startWorld, type World } from './world.ts';

/** What an unlucky shell, environment or network does to a command. */
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('the environment', () => {
  it.each<[string, Record<string, string>, number, string]>([
    ['an endpoint that is no address', { HF_ENDPOINT: 'foo' }, 2, 'bad_address'],
    ['an endpoint of another protocol', { HF_ENDPOINT: 'ftp://hub.example' }, 2, 'bad_address'],
    ['a password in the endpoint', { HF_ENDPOINT: 'https://me:pass-word@hub.example' }, 2, 'bad_address'],
    ['a viewer that is no address', { HF_DATASETS_SERVER: 'foo' }, 2, 'bad_address'],
    ['a token with a line break', { HF_TOKEN: 'hf_abcdefghijkl\nmnopqrs' }, 5, 'bad_token'],
    ['a token with an ellipsis', { HF_TOKEN: 'hf_abcdefghijkl…' }, 5, 'bad_token'],
  ])('%s is refused, and not repeated where it is secret', async (_, env, code, error) => {
    const ran = await world.json(['validate', 'open-r1/codeforces-cots'], { env });
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
    expect(ran.stdout).not.toMatch(/pass-word|abcdefghijkl/);
  });

  it.each<[string, (home: string) => Record<string, string>]>([
    ['a relative XDG_STATE_HOME', (home) => ({ HF_LLM_TRAINER_HOME: '', XDG_STATE_HOME: 'relative', HOME: home })],
    ['a tilde that no shell expanded', (home) => ({ HF_LLM_TRAINER_HOME: '~/.local/state/x', HOME: home })],
    ['a HOME and nothing else', (home) => ({ HF_LLM_TRAINER_HOME: '', HOME: home })],
  ])('%s leads to the state folder of that person', async (_, env) => {
    const home = join(world.runtime.home, 'person');
    const { value } = await world.json(['doctor'], { env: env(home) });
    const state = value.checks.find((check: { name: string }) => check.name === 'State');
    expect(state.message).toMatch(new RegExp(`^${home}/[.]local/state/`));
  });

  it('a HOME set to nothing leads to no state below the working folder', async () => {
    const { value } = await world.json(['doctor'], { env: { HF_LLM_TRAINER_HOME: '', HOME: '' } });
    const state = value.checks.find((check: { name: string }) => check.name === 'State');
    expect(isAbsolute(state.message)).toBe(true);
  });

  it('a working folder that is gone is named', async () => {
    const gone = join(world.runtime.cwd, 'gone');
    mkdirSync(gone);
    const ran = await world.json(['ps'], { cwd: gone, started: () => rmdirSync(gone) });
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code: 2, error: 'no_folder' });
  });
});

describe('the streams', () => {
  it('nobody reads the progress: the job is submitted all the same', async () => {
    fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
    const { value } = await world.json(['plan', '--model', 'Qwen3-0.6B', '--dataset', 'chat.jsonl', '--out', 'p.json']);
    const ran = await world.json(['submit', 'p.json', '--approve', value.digest], {
      started: (child) => child.stderr?.destroy(), // uploading is announced there
    });
    expect(ran).toMatchObject({ code: 0, value: { reused: false } });
  });

  it.runIf(existsSync('/dev/full'))('an output that is full is named, without a stack trace', async () => {
    const { file, cwd } = world.runtime;
    const full = openSync('/dev/full', 'w');
    const ran = spawnSync(process.execPath, [file, 'ps'], { cwd, encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^error: ENOSPC.*\n.*\n$/);
  });

  it('an error shows no control character', async () => {
    const flavor = 't4\u001b[31m\u009b1m\u202e';
    const plain = await world.run(['plan', ...DEMO_FLAGS, '--flavor', flavor]);
    expect(plain.stderr).toContain('there is no flavor "t4\\x1b[31m\\x9b1m\\u202e"');
    const { value } = await world.json(['plan', ...DEMO_FLAGS, '--flavor', flavor]);
    expect(value.error.message).toContain('there is no flavor "t4\\x1b[31m\\x9b1m\\u202e"');
    const usage = await world.run(['plan', `--${flavor}`]);
    expect(usage.stderr).toContain('\\x1b[31m');
  });
});

it('Ctrl-C ends a command that waits for the Hub', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1'); // takes the request, and never answers
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const ran = world.json(['validate', 'some/data'], {
    env: { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_DATASETS_SERVER: '' },
    started: (child) => silent.once('connection', () => child.kill('SIGINT')),
  });
  expect(await ran).toMatchObject({ code: 130, value: { error: { code: 'interrupted' } } });
  silent.close();
}, 10_000);
