import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../support/runtime.ts';
import { startWorld, type World } from './world.ts';

/** status, logs, cancel, ps: on a job that runs for some seconds, and on one that fails. */
let world: World;
let jobId: string;
/** Two that follow a job of their own, from its start: while these wait, the others are tested. */
let watched: Promise<Ran>;
let followed: Promise<Ran>;
beforeAll(async () => {
  world = await startWorld({ FAKE_STEP_SECONDS: '1' });
  watched = world.run(['status', await submitted('--max-steps', '5'), '--watch', '--json']);
  followed = world.run(['logs', await submitted('--max-steps', '6'), '--follow']);
  jobId = await submitted('--max-steps', '4');
});
afterAll(() => world.close());

async function submitted(...flags: string[]): Promise<string> {
  const plan = await world.plan(...flags);
  return (await world.here.json(['submit', plan.path, '--approve', plan.digest])).value.job_id;
}

describe('following a job', () => {
  it('status of the newest job, while it runs and when it is done', async () => {
    const { value: running } = await world.here.json(['status']);
    expect(running).toMatchObject({ job_id: jobId, backend: 'hf', stage: 'RUNNING', total_steps: 4 });
    await world.hub.jobs.get(jobId)?.done;
    const { code, value } = await world.here.json(['status', jobId]);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      stage: 'COMPLETED',
      step: 4,
      total_steps: 4,
      loss: 1.5,
      first_loss: 4.5,
      learning_rate: 1e-5,
      losses: [4.5, 3.5, 2.5, 1.5],
      alarms: [],
      links: { job: `${world.hub.url}/jobs/tester/${jobId}`, metrics: `${world.hub.url}/spaces/tester/trackio` },
    });
    expect(value.usd_so_far).toBeCloseTo(0.4 / 60, 3);
    const { stdout } = await world.here.run(['status']);
    expect(stdout).toMatch(/Job \S+ is done/);
    expect(stdout).toMatch(/Step +4 of 4 \(100%\)/);
    expect(stdout).toMatch(/Loss +1\.500 \(↓ from 4\.500 at the start\)/);
  });

  it('status --watch: a JSON document a line, until it is over', async () => {
    const { code, stdout } = await watched;
    const stages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).stage);
    expect(code).toBe(0);
    expect(stages.at(-1)).toBe('COMPLETED');
  });

  it('logs: all of them, the last ones, as JSON lines, and followed to the end', async () => {
    const { stdout } = await world.here.run(['logs', jobId]);
    expect(stdout).toContain('Installed 49 packages');
    const tail = await world.here.run(['logs', jobId, '--tail', '1', '--json']);
    expect(JSON.parse(JSON.parse(tail.stdout).line)).toMatchObject({ event: 'done' });
    const { code, stdout: whole } = await followed;
    expect(code).toBe(0);
    expect(whole.match(/"event":"step"/g)).toHaveLength(4);
  });

  it('cancel stops it, and says so of one that is over', async () => {
    const id = await submitted('--max-steps', '7');
    expect((await world.here.json(['cancel', id])).value).toMatchObject({ job_id: id, cancelled: true });
    await world.hub.jobs.get(id)?.done;
    expect((await world.here.json(['status', id])).value.stage).toBe('CANCELED');
    expect((await world.here.json(['cancel', id])).value).toMatchObject({ stage: 'CANCELED', cancelled: false });
  });

  it('ps lists what runs, and with --all what is over', async () => {
    const id = await submitted('--max-steps', '8');
    const { value: running } = await world.here.json(['ps']);
    expect(running.map((row: Row) => row.job_id)).toEqual([id]);
    const { value: all } = await world.here.json(['ps', '--all']);
    expect(all.length).toBeGreaterThan(3);
    expect((await world.here.run(['ps', '--all'])).stdout).toMatch(/JOB +STAGE +HARDWARE/);
  });

  it.each([
    [['status', 'nojob'], 2, 'job_not_found'],
    [['status', 'local-none'], 2, 'job_not_found'],
    [['logs', '../../etc/passwd'], 2, 'job_not_found'],
    [['cancel'], 2, 'usage'],
  ])('%j is refused', async (args, code, error) => {
    const ran = await world.here.json(args);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
  });
});

interface Row {
  job_id: string;
}

describe('a job that fails', () => {
  it('is told as failed: by status in words, by --watch with exit code 7', async () => {
    const failing = await startWorld({ FAKE_EXIT: '1' });
    try {
      const plan = await failing.plan();
      const { value } = await failing.here.json(['submit', plan.path, '--approve', plan.digest]);
      const watched = await failing.run(['status', value.job_id, '--watch']);
      expect(watched.code).toBe(7);
      expect((await failing.here.run(['status'])).stdout).toMatch(/failed/);
    } finally {
      await failing.close();
    }
  });
});
