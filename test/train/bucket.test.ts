import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import { hfBackend } from '../../scripts/jobs/hf/backend.ts';
import { parseEvent, type TrainingEvent } from '../../scripts/monitor/events.ts';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import type { Job } from '../hub/job.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import type { PlanOverrides } from '../support/plan.ts';
import { copies, inStep } from '../support/processes.ts';
import {
  localPlan,
  only,
  QUICKSTART_DATA,
  type RunOptions,
  temporaryFolder,
  train,
  trainingPython,
} from '../support/training.ts';
import { uvJobEnvironment } from '../support/uv-jobs.ts';

/** Runs that keep their checkpoints in a mounted bucket; what is mounted is the bucket's folder on this machine. */

const BUCKET = 'tester/checkpoints';
const DIGEST = 'd'.repeat(64);
let hub: TestHub;
let undisturbed: ReturnType<typeof onJobs> | undefined;

beforeAll(async () => {
  hub = await startHub({ jobEnvironment: await uvJobEnvironment() });
  await hub.addRepo({ type: 'bucket', id: BUCKET, private: true });
});
afterAll(() => hub.close());

const planOf = async (name: string, { recipe, ...overrides }: PlanOverrides = {}): Promise<Plan> => {
  const training_args = { max_steps: 12, save_steps: 4, ...recipe?.training_args };
  const plan = await localPlan(QUICKSTART_DATA, { ...overrides, recipe: { total_steps: 12, training_args } });
  const bucket = { id: BUCKET, mount_path: '/checkpoints' };
  return { ...plan, output: { ...plan.output, repo_id: `tester/${name}`, folder: null, bucket } };
};

/** As on a machine of Jobs: a disk of its own, gone afterwards. */
async function onJobs(plan: Plan, digest: string, options: RunOptions = {}) {
  const home = await temporaryFolder();
  return train(plan, {
    ...options,
    env: {
      ...hub.environment(hub.tokens.write),
      HF_HUB_OFFLINE: '0',
      HF_HOME: home,
      TMPDIR: home,
      HF_LLM_TRAINER_DIGEST: digest,
      HF_LLM_TRAINER_BUCKET: hub.bucketFolder(BUCKET),
      ...options.env,
    },
  });
}

/** As `onJobs`; each of its processes runs this Python first. */
async function broken(plan: Plan, digest: string, python: string, options: RunOptions = {}) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sitecustomize.py'), `import os, time, shutil\n${python}`);
  return onJobs(plan, digest, { ...options, env: { PYTHONPATH: folder, ...options.env } });
}

const kept = async (digest: string): Promise<string[]> =>
  (await readdir(join(hub.bucketFolder(BUCKET), digest.slice(0, 12))).catch(() => [])).sort();

const weights = async (id: string): Promise<string> => sha256(await hub.readFile('model', id, 'model.safetensors'));

async function expectUndisturbed(id: string): Promise<void> {
  undisturbed ??= onJobs(await planOf('whole'), DIGEST);
  expect((await undisturbed).code).toBe(0);
  expect(await weights(id)).toBe(await weights('tester/whole'));
}

/** A job as `submit` makes it, run with uv; its bucket is where the Hub mounts it. */
async function startJob(plan: Plan, digest: string): Promise<Job> {
  const opened = hubFromEnvironment(hub.environment(hub.tokens.write));
  const onJobsHardware = { ...plan, hardware: { ...plan.hardware, flavor: 'cpu-basic', image: 'python:3.12' } };
  const { script } = composeScript(onJobsHardware);
  const request = { plan: onJobsHardware, digest, script, timeout_seconds: 1200, resume: true };
  const { job_id } = await hfBackend({ hub: opened, namespace: 'tester' }).create(request);
  const job = hub.jobs.get(job_id);
  if (!job) throw new Error(`there is no job ${job_id}`);
  return job;
}

const eventsOf = (job: Job): TrainingEvent[] => job.log.lines.flatMap(({ data }) => parseEvent(data) ?? []);

/** `hf` against the Hub of these tests. */
async function hf(args: string[], cwd: string): Promise<string> {
  const command = join(dirname(await trainingPython()), 'hf');
  const env = { PATH: process.env.PATH, HF_HOME: cwd, NO_COLOR: '1', ...hub.environment(hub.tokens.write) };
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env });
  return stdout + stderr;
}

describe('a run with a bucket', () => {
  it('SIGTERM: it goes on from the bucket, to the same weights', async () => {
    const digest = sha256('terminated');
    const plan = await planOf('terminated');
    const stopped = await onJobs(plan, digest, {
      onEvent: (event, kill) => event.event === 'step' && event.step === 10 && kill('SIGTERM'),
    });
    expect(stopped.code, stopped.log).toBe(75);
    const [step] = only(stopped, 'stopped').map((end) => end.step);
    expect(await kept(digest)).toEqual([`checkpoint-${step}`]);
    const files = [...(hub.repo('model', 'tester/terminated')?.resolve('main')?.files.keys() ?? [])];
    expect(files.filter((file) => /last-checkpoint|safetensors/.test(file))).toEqual([]);
    const card = String(await hub.readFile('model', 'tester/terminated', 'README.md'));
    expect(card).toContain(`stopped at step ${step} of 12.** The bucket ${BUCKET} holds the weights so far`);

    const resumed = await onJobs(plan, digest);
    expect(resumed.code, resumed.log).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: step }]);
    expect(await kept(digest)).toEqual([]);
    await expectUndisturbed('tester/terminated');
  });

  it('killed while a checkpoint is copied: the next job goes on from one in the bucket, to the same weights', async () => {
    const digest = sha256('killed');
    const plan = await planOf('killed');
    const first = await startJob(plan, digest);
    const copying = () => eventsOf(first).some((event) => event.event === 'checkpoint' && event.step === 8);
    await expect.poll(() => copying() || first.isOver, { timeout: 300_000, interval: 5 }).toBe(true);
    first.kill();
    await first.done;
    expect(eventsOf(first).filter(({ event }) => event === 'done' || event === 'stopped')).toEqual([]);

    const second = await startJob(plan, digest);
    await second.done;
    const log = second.log.lines.map(({ data }) => data).join('\n');
    expect(second.stage, log).toBe('COMPLETED');
    const [from] = eventsOf(second).flatMap((event) => (event.event === 'start' ? [event.from_step] : []));
    expect([4, 8], log).toContain(from);
    expect(await kept(digest)).toEqual([]);
    await expectUndisturbed('tester/killed');
  });

  it('a model that cannot be pushed stays in the bucket, with the command that pushes it', async () => {
    const digest = sha256('unpushed');
    hub.faults.add({ method: 'POST', path: /tester\/unpushed\/commit/, times: 1000, mishap: { status: 403 } });
    const ran = await onJobs(await planOf('unpushed'), digest);
    hub.faults.clear();
    expect(ran.code).toBe(1);
    expect(only(ran, 'done')).toEqual([]);
    expect(await kept(digest)).toEqual(['checkpoint-12', 'model']);
    const said = only(ran, 'alarm').find(({ code }) => code === 'model_not_pushed')?.message ?? '';
    const there = `hf://buckets/${BUCKET}/${digest.slice(0, 12)}/model`;
    expect(said).toContain(
      `hf buckets sync ${there} ./trained-model && hf upload tester/unpushed ./trained-model . --private`,
    );

    const cwd = await temporaryFolder();
    // What comes through Xet this Hub can't send: the command's own list says what it would be.
    const listed = await hf(['buckets', 'sync', there, './trained-model', '--dry-run'], cwd);
    const model = join(hub.bucketFolder(BUCKET), digest.slice(0, 12), 'model');
    const names = await readdir(model);
    expect(names).toEqual(expect.arrayContaining(['model.safetensors', 'hf-llm-trainer.json', 'README.md']));
    for (const name of names) expect(listed).toContain(name);
    await mkdir(join(cwd, 'trained-model'));
    await cp(model, join(cwd, 'trained-model'), { recursive: true });
    await hf(['upload', 'tester/unpushed', './trained-model', '.', '--private'], cwd);
    expect([...(hub.repo('model', 'tester/unpushed')?.resolve('main')?.files.keys() ?? [])]).toEqual(
      expect.arrayContaining(names),
    );

    const again = await onJobs(await planOf('unpushed-2'), digest);
    expect(again.code, again.log).toBe(0);
    expect(only(again, 'step')).toEqual([]);
    expect(only(again, 'pushed')).toHaveLength(1);
    expect(await kept(digest)).toEqual([]);

    await mkdir(model, { recursive: true }); // what the command pushed is still here
    const rescued = await onJobs(await planOf('unpushed'), digest);
    expect(rescued.events.map(({ event }) => event)).toEqual(['done']);
    expect(await kept(digest)).toEqual([]);
  });

  it('a bucket that became public stops the run before it trains', async () => {
    const bucket = hub.repo('bucket', BUCKET);
    if (bucket) bucket.private = false;
    const ran = await onJobs(await planOf('seen'), sha256('seen'));
    if (bucket) bucket.private = true;
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm')).toMatchObject([{ code: 'bucket_public' }]);
    expect(only(ran, 'start')).toEqual([]);
    expect(await kept(sha256('seen'))).toEqual([]);
  });
});

describe('a run with a bucket that fails', () => {
  it('one of its processes is killed: the checkpoint that the first is copying arrives', async () => {
    const digest = sha256('lost-one');
    // Longer than a process that lost another is otherwise left.
    const slow = `
if os.environ.get("LOCAL_RANK") == "0":
    copyfile = shutil.copyfile
    def slowly(source, target, **options):
        if str(target).endswith("checkpoint-4/model.safetensors"):
            time.sleep(13)
        return copyfile(source, target, **options)
    shutil.copyfile = slowly
`;
    const plan = await planOf('lost-one', { launch: copies });
    const killed = await broken(plan, digest, slow + inStep(6, 'SIGKILL'));
    expect(killed.code, killed.log).toBe(137);
    const resumed = await onJobs(plan, digest);
    expect(resumed.code, resumed.log).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: 4 }]);
  });

  it('its model cannot be saved: the last checkpoint is in the bucket, and nothing is trained again', async () => {
    const digest = sha256('unsaved');
    const full = `
import transformers
save_model = transformers.Trainer.save_model
def full_disk(self, output_dir=None, _internal_call=False):
    if not _internal_call:
        raise OSError(28, "No space left on device")
    return save_model(self, output_dir, _internal_call)
transformers.Trainer.save_model = full_disk
copyfile = shutil.copyfile
def slowly(source, target, **options):
    if str(target).endswith("checkpoint-8/model.safetensors"):
        time.sleep(3)  # the last one finds it on its way
    return copyfile(source, target, **options)
shutil.copyfile = slowly
`;
    const plan = await planOf('unsaved');
    const ran = await broken(plan, digest, full);
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('model_not_saved');
    expect(await kept(digest)).toEqual(['checkpoint-12']);
    const again = await onJobs(plan, digest);
    expect(again.code, again.log).toBe(0);
    expect(only(again, 'step')).toEqual([]);
    await expectUndisturbed('tester/unsaved');
  });

  it('its best checkpoint stayed on the first machine: the second says so', async () => {
    const digest = sha256('best');
    const worse = `
import transformers
evaluate = transformers.Trainer.evaluation_loop
def worse(self, *args, **options):
    result = evaluate(self, *args, **options)
    result.metrics["eval_loss"] = float(self.state.global_step)
    return result
transformers.Trainer.evaluation_loop = worse
`;
    const steps = { eval_strategy: 'steps', eval_steps: 4, load_best_model_at_end: true, save_total_limit: 2 };
    const plan = await planOf('best', {
      dataset: { evaluation: { from: 'share', rows: 9 } },
      recipe: { training_args: steps },
    });
    const machine = await temporaryFolder();
    const stopped = await broken(plan, digest, worse, {
      env: { TMPDIR: machine },
      onEvent: (event, kill) => event.event === 'step' && event.step === 9 && kill('SIGTERM'),
    });
    expect(stopped.code, stopped.log).toBe(75);
    await rm(machine, { recursive: true });
    const resumed = await broken(plan, digest, worse);
    expect(resumed.code, resumed.log).toBe(0);
    const [lost] = only(resumed, 'alarm').filter(({ code }) => code === 'best_lost');
    expect(lost?.message).toContain('of step 4');
  });
});
