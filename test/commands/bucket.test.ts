import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_FLAGS, fileIn, startWorld, type World } from './world.ts';

/** `plan --bucket`: where a job keeps its checkpoints besides the model's repository. */

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const bucketsMade = () =>
  world.hub.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/api/buckets/'));

describe('a plan with a bucket', () => {
  it('says so on its card; submit makes it private and mounts it', async () => {
    const { value } = await world.here.json(['plan', ...DEMO_FLAGS, '--bucket', 'tester/kept', '--out', 'kept.json']);
    expect(value.plan.output.bucket).toEqual({ id: 'tester/kept', mount_path: '/checkpoints' });
    expect(value.card).toMatch(/to the bucket tester\/kept \(private\): a checkpoint only where it is stopped;/);
    expect(value.card).toMatch(/model, card and train\.py\n/);
    expect(bucketsMade()).toEqual([]);

    const submitted = await world.here.json(['submit', value.path, '--approve', value.digest]);
    expect(submitted.code).toBe(0);
    expect(world.hub.repo('bucket', 'tester/kept')?.private).toBe(true);
    expect(world.hub.jobs.get(submitted.value.job_id)?.spec).toMatchObject({
      volumes: [{ source: 'tester/kept', mountPath: '/checkpoints', folder: world.hub.bucketFolder('tester/kept') }],
      environment: { HF_LLM_TRAINER_BUCKET: '/checkpoints' },
    });
    const again = await world.here.json(['submit', value.path, '--approve', value.digest]);
    expect(again.value).toMatchObject({ reused: true });
    expect(bucketsMade()).toHaveLength(1);
  });

  it('is another plan than one without, and its digest covers which bucket', async () => {
    const { path, digest } = await world.plan('--bucket', 'tester/one', '--out', 'one.json');
    const other = await world.here.json(['plan', '--from', path, '--bucket', 'tester/two', '--out', 'two.json']);
    expect(other.value.plan.output.bucket.id).toBe('tester/two');
    expect(other.value.digest).not.toBe(digest);
    for (const [id, exit] of [
      ['tester/two', 4],
      ['tester/one; id', 2],
    ]) {
      const changed = JSON.parse(readFileSync(path, 'utf8'));
      changed.plan.output.bucket.id = id;
      const file = fileIn(world.runtime, 'changed.json', JSON.stringify(changed));
      const { code } = await world.here.json(['submit', file, '--approve', digest]);
      expect([id, code]).toEqual([id, exit]);
    }
  });

  it('goes without where the plan moves to this machine', async () => {
    const { path } = await world.plan('--bucket', 'tester/one', '--max-steps', '3', '--out', 'moved.json');
    const flags = ['--backend', 'local', '--out', 'here.json'];
    const { value } = await world.here.json(['plan', '--from', path, ...flags]);
    expect(value.plan.output).not.toHaveProperty('bucket');
  });

  it.each([
    ['no owner', 'kept', 2, 'bad_repo'],
    ['a path', '../../etc/kept', 2, 'bad_repo'],
    ['a URI', 'hf://buckets/tester/kept', 2, 'bad_repo'],
    ['a space and a flag', 'tester/kept --delete', 2, 'bad_repo'],
    ['shell', 'tester/$(id)', 2, 'bad_repo'],
    ['a colour', 'tester/\u001b[31mred', 2, 'bad_repo'],
    ['nothing', '', 2, 'bad_repo'],
    ['somebody else’s', 'google/kept', 5, 'not_your_namespace'],
    ['a public one', 'tester/open', 4, 'bucket_public'],
  ])('is refused: %s', async (_, bucket, exit, error) => {
    if (error === 'bucket_public') await world.hub.addRepo({ type: 'bucket', id: bucket, private: false });
    const { code, value, stdout } = await world.here.json(['plan', ...DEMO_FLAGS, '--bucket', bucket]);
    expect({ code, error: value.error?.code }).toEqual({ code: exit, error });
    expect(stdout).not.toContain('\\u001b');
  });

  it('is for jobs only', async () => {
    const { code, value } = await world.here.json([
      'plan',
      ...DEMO_FLAGS,
      '--backend',
      'local',
      '--bucket',
      'tester/k',
    ]);
    expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'bucket_needs_jobs' });
  });

  it('pays for nothing where the bucket is public by now, or cannot be made', async () => {
    const jobs = world.hub.jobs.all().length;
    const late = await world.plan('--bucket', 'tester/late', '--out', 'late.json');
    await world.hub.addRepo({ type: 'bucket', id: 'tester/late', private: false });
    const seen = await world.here.json(['submit', late.path, '--approve', late.digest]);
    expect({ code: seen.code, error: seen.value.error.code }).toEqual({ code: 4, error: 'repo_public' });

    const poor = await world.plan('--bucket', 'tester/poor', '--out', 'poor.json');
    world.hub.faults.add({ method: 'POST', path: /buckets\/tester\/poor/, mishap: { status: 403 } });
    const refused = await world.here.json(['submit', poor.path, '--approve', poor.digest]);
    world.hub.faults.clear();
    expect(refused.code).toBe(5);
    expect(world.hub.jobs.all()).toHaveLength(jobs);
  });
});
