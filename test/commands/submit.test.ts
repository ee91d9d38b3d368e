import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHAT_LINES, fileIn, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
afterEach(() => world.hub.faults.clear());

/** A plan that no other test has submitted. */
let fresh: { path: string; digest: string };
let count = 0;
beforeEach(async () => {
  count += 1;
  fresh = await world.plan('--max-steps', String(count));
});

const created = () =>
  world.hub.requests.filter(({ method, path }) => method === 'POST' && /^\/api\/jobs\/[^/]+$/.test(path));

describe('submit', () => {
  it('starts one job with everything that must not be forgotten', async () => {
    const { code, value } = await world.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect({ code, ...value }).toMatchObject({ code: 0, backend: 'hf', digest: fresh.digest, reused: false });
    const { spec } = world.hub.jobs.get(value.job_id) ?? {};
    const { plan } = JSON.parse(readFileSync(fresh.path, 'utf8'));
    expect(spec).toMatchObject({
      flavor: 't4-small',
      timeoutSeconds: plan.limits.timeout_seconds,
      dockerImage: expect.stringContaining('uv'),
      secrets: { HF_TOKEN: world.hub.tokens.write },
      environment: expect.objectContaining({ HF_LLM_TRAINER_DIGEST: fresh.digest }),
      labels: expect.objectContaining({ 'hf-llm-trainer-digest': fresh.digest.slice(0, 40) }),
    });
    expect(value.url).toBe(`${world.hub.url}/jobs/tester/${value.job_id}`);
  });

  it('tells a person where to watch, what it takes and what it costs', async () => {
    const { stdout } = await world.run(['submit', fresh.path, '--approve', fresh.digest]);
    expect(stdout).toMatch(/Job \S+ was submitted\./);
    expect(stdout).toMatch(/Watch +http/);
    expect(stdout).toMatch(/Expected +.*, \$0\.\d\d, at the most \$0\.\d\d/);
  });

  it('is the same job when it is said twice, and at the same time', async () => {
    const before = created().length;
    const submit = () => world.json(['submit', fresh.path, '--approve', fresh.digest]);
    const all = [...(await Promise.all([submit(), submit(), submit()])), await submit()];
    expect(new Set(all.map(({ value }) => value.job_id)).size).toBe(1);
    expect(all.filter(({ value }) => value.reused === false)).toHaveLength(1);
    expect(created().length - before).toBe(1);
  });

  it('finds the job again when its answer was lost', async () => {
    world.hub.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: 'drop-after' });
    const { value } = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    const again = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect(again.value.job_id).toBe(value.job_id);
    expect(
      world.hub.jobs.all().filter(({ spec }) => spec.environment.HF_LLM_TRAINER_DIGEST === fresh.digest),
    ).toHaveLength(1);
  });

  it('uploads local data privately first', async () => {
    fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
    const plan = await world.here.json(['plan', '--model', 'Qwen3-0.6B', '--dataset', 'chat.jsonl']);
    const { repo_id } = plan.value.plan.dataset.upload;
    expect(world.hub.repo('dataset', repo_id)).toBeUndefined();
    const { code } = await world.here.json(['submit', plan.value.path, '--approve', plan.value.digest]);
    expect(code).toBe(0);
    expect(world.hub.repo('dataset', repo_id)?.private).toBe(true);
    expect((await world.hub.readFile('dataset', repo_id, 'chat.jsonl')).toString()).toBe(CHAT_LINES);
  });

  it('refuses local data that changed since it was validated', async () => {
    fileIn(world.runtime, 'changing.jsonl', CHAT_LINES);
    const plan = await world.here.json(['plan', '--model', 'Qwen3-0.6B', '--dataset', 'changing.jsonl']);
    fileIn(world.runtime, 'changing.jsonl', `${CHAT_LINES}\n{}`);
    const { code, value } = await world.here.json(['submit', plan.value.path, '--approve', plan.value.digest]);
    expect({ code, error: value.error.code }).toEqual({ code: 3, error: 'data_changed' });
  });

  it.each<[string, () => string[], number, string]>([
    ['without approval', () => [fresh.path], 4, 'not_approved'],
    ['with another plan’s digest', () => [fresh.path, '--approve', 'f'.repeat(64)], 4, 'other_plan_approved'],
    ['with half a digest', () => [fresh.path, '--approve', fresh.digest.slice(0, 32)], 4, 'other_plan_approved'],
    ['over the cap', () => [fresh.path, '--approve', fresh.digest, '--max-cost', '0.01'], 4, 'over_budget'],
    ['a plan that is not there', () => ['none.json', '--approve', fresh.digest], 2, 'plan_missing'],
  ])('refuses %s', async (_, args, code, error) => {
    const before = created().length;
    const ran = await world.here.json(['submit', ...args()]);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
    expect(created().length).toBe(before);
  });

  it('refuses a plan that was edited after approval', async () => {
    writeFileSync(fresh.path, readFileSync(fresh.path, 'utf8').replace('"flavor": "t4-small"', '"flavor": "h200x8"'));
    const { code, value } = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect({ code, error: value.error.code }).toEqual({ code: 4, error: 'plan_edited' });
  });

  it('refuses a broken plan file', async () => {
    writeFileSync(fresh.path, '{"digest": ');
    const { code, value } = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'plan_broken' });
  });

  it.each<[string, () => void, number, string]>([
    ['a price that rose', () => world.hub.setPrice('t4-small', 0.5), 4, 'price_rose'],
    [
      'a catalogue out of reach',
      () => world.hub.faults.add({ path: /jobs\/hardware/, times: 9, mishap: { status: 503 } }),
      4,
      'price_unknown',
    ],
    [
      'an account without credit',
      () => world.hub.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: { status: 402 } }),
      4,
      'no_credit',
    ],
  ])('refuses %s, and can be said again', async (_, happens, code, error) => {
    happens();
    const ran = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
    world.hub.faults.clear();
    world.hub.setPrice('t4-small', 0.4);
    const again = await world.here.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect({ code: again.code, reused: again.value.reused }).toEqual({ code: 0, reused: false });
  });

  it('refuses without a token, and with one that can only read', async () => {
    for (const [token, kind] of [
      ['', 'not_logged_in'],
      [world.hub.tokens.read, 'forbidden'],
    ] as const) {
      const { code, value } = await world.here.json(['submit', fresh.path, '--approve', fresh.digest], {
        HF_TOKEN: token,
      });
      expect({ code, error: value.error.code }).toEqual({ code: 5, error: kind });
    }
  });

  it('refuses where the model would become public unasked', async () => {
    const plan = await world.plan('--output-repo', 'tester/mine', '--max-steps', '999');
    await world.hub.addRepo({ type: 'model', id: 'tester/mine', files: {} });
    const { code, value } = await world.here.json(['submit', plan.path, '--approve', plan.digest]);
    expect({ code, error: value.error.code }).toEqual({ code: 4, error: 'repo_public' });
  });

  it('puts no curves into a public Space', async () => {
    const before = await world.plan('--output-repo', 'tester-lab/mine', '--max-steps', '999');
    for (const [name, next] of [
      ['trackio', { code: 0, space: 'tester-lab/trackio-private' }],
      ['trackio-private', { code: 4, error: 'space_public' }],
    ] as const) {
      await world.hub.addRepo({ type: 'space', id: `tester-lab/${name}`, files: {} });
      const { code, value } = await world.here.json(['plan', '--from', before.path, '--out', 'elsewhere.json']);
      const [error, space] = [value.error?.code, value.plan?.output.trackio.space_id];
      expect({ code, ...(error ? { error } : { space }) }).toEqual(next);
    }
    const submitted = await world.here.json(['submit', before.path, '--approve', before.digest]);
    expect({ code: submitted.code, error: submitted.value.error?.code }).toEqual({ code: 4, error: 'space_public' });
  });

  it('loses nothing to Ctrl-C', async () => {
    world.hub.faults.add({ method: 'POST', path: /^\/api\/jobs\/tester$/, mishap: { delayMs: 600 } });
    const before = created().length;
    const interrupted = await world.run(['submit', fresh.path, '--approve', fresh.digest], {
      // While the request is under way, and before its answer.
      started: (child) => {
        const waiting = setInterval(() => {
          if (created().length === before) return;
          clearInterval(waiting);
          child.kill('SIGINT');
        }, 10);
      },
    });
    const again = await world.json(['submit', fresh.path, '--approve', fresh.digest]);
    expect(again.code).toBe(0);
    const jobs = world.hub.jobs.all().filter(({ spec }) => spec.environment.HF_LLM_TRAINER_DIGEST === fresh.digest);
    expect(jobs).toHaveLength(1);
    expect([0, 130]).toContain(interrupted.code);
  });
});

describe('a state directory that cannot be written', () => {
  it.each<[string, string]>([
    ['a file in its place', 'state_not_writable'],
    ['a full disk', 'disk_full'],
  ])('%s: nothing is sent', async (what, error) => {
    const before = created().length;
    const home = join(world.runtime.cwd, `home-${count}`);
    const args = [world.runtime.file, 'submit', fresh.path, '--approve', fresh.digest, '--json'];
    const env = { ...process.env, ...world.hub.environment(world.hub.tokens.write), HF_LLM_TRAINER_HOME: home };
    if (what === 'a file in its place') writeFileSync(home, '');
    else mkdirSync(home);
    // A file system of 4 KiB, full from the beginning, in a mount namespace of its own.
    const full = `mount -t tmpfs -o size=4k tmpfs '${home}' && head -c 4096 /dev/zero > '${home}/full'; exec "$@"`;
    const command =
      what === 'a full disk' ? ['unshare', '-rm', 'sh', '-c', full, 'sh', process.execPath] : [process.execPath];
    // Asynchronous: the Hub answers in this very process.
    const { code, stdout } = await spawned([...command, ...args], env);
    expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 1, error });
    expect(created().length).toBe(before);
  });
});

async function spawned([command = '', ...args]: string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number | null; stdout: string }>((resolve) => {
    const child = spawn(command, args, { env, cwd: world.runtime.cwd });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.on('close', (code) => resolve({ code, stdout }));
  });
}
