import * as z from 'zod';
import { readable, requireRight } from './access.ts';
import { objectId } from './accounts.ts';
import { bucketFolder } from './buckets.ts';
import type { Hardware } from './hardware.ts';
import { type Call, HubError, nextLink, readInput, sendJson } from './http.ts';
import type { Job } from './job.ts';

/** Jobs: create, list, look at, label, cancel. Their streams are in job-streams.ts. */

const Names = z.record(z.string(), z.coerce.string());
const Label = z
  .string()
  .max(100)
  .regex(/^[a-zA-Z0-9._-]*$/, 'labels are made of letters, digits, ".", "_" and "-"');
const Labels = z.record(Label, Label);

const Create = z.object({
  command: z.array(z.string()).default([]),
  arguments: z.array(z.string()).default([]),
  environment: Names.default({}),
  secrets: Names.default({}),
  flavor: z.string().default('cpu-basic'),
  dockerImage: z.string().nullish(),
  spaceId: z.string().nullish(),
  timeoutSeconds: z.number().positive().nullish(),
  labels: Labels.nullish(),
  volumes: z
    .array(
      z.strictObject({
        type: z.literal('bucket', 'only buckets can be mounted on this Hub'),
        source: z.string(),
        mountPath: z.string().regex(/^\/[^/]/, 'must be an absolute path'),
      }),
    )
    .nullish(),
});

/** Of a job that names none. */
const DEFAULT_TIMEOUT_SECONDS = 30 * 60;

export function listHardware(call: Call): void {
  sendJson(call, call.world.hardware);
}

export async function createJob(call: Call): Promise<void> {
  const input = await readInput(call, Create);
  const { namespace = '' } = call.params;
  requireRight(call, namespace, 'job.write', `run jobs under the namespace "${namespace}"`);
  const user = call.identity?.user;
  if (!user) throw new HubError(401, 'Invalid username or password.');
  const hardware = call.world.hardware.find(({ name }) => name === input.flavor);
  if (!hardware) throw new HubError(400, `"flavor": unknown hardware ${input.flavor}`);
  if (!input.dockerImage === !input.spaceId) throw new HubError(400, 'either "dockerImage" or "spaceId" is needed');
  if (input.command.length + input.arguments.length === 0) throw new HubError(400, '"command": nothing to run');
  if (!user.credit) throw new HubError(402, 'Payment required: pre-paid credits are needed to run jobs');
  const own = user.name === namespace;
  const owner = own ? { id: user.id, name: user.name, type: 'user' as const } : organization(namespace);
  const spec = {
    ...input,
    dockerImage: input.dockerImage ?? null,
    spaceId: input.spaceId ?? null,
    timeoutSeconds: input.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    labels: input.labels ?? {},
    volumes: (input.volumes ?? []).map(({ source, mountPath }) => {
      const bucket = readable(call, 'bucket', source);
      requireRight(call, bucket.namespace, 'repo.write', `mount the bucket ${source}`);
      return { source, mountPath, folder: bucketFolder(call.world, source) };
    }),
  };
  const job = call.world.jobs.create(owner, { id: user.id, name: user.name }, spec, machineOf(hardware));
  sendJson(call, shown(job));
}

/** `?stage=` and `?label=key=value`, each as often as wanted: any of the stages, all of the labels. */
export function listJobs(call: Call): void {
  requireRight(call, call.params.namespace ?? '', 'repo.content.read', 'see these jobs');
  const query = call.url.searchParams;
  const stages = query.getAll('stage').map((stage) => stage.toUpperCase());
  const labels = query.getAll('label').map((label) => label.split('='));
  const found = call.world.jobs
    .all()
    .filter((job) => job.owner.name === call.params.namespace)
    .filter((job) => stages.length === 0 || stages.includes(job.stage))
    .filter((job) =>
      labels.every(([key = '', value]) => key in job.spec.labels && (value ?? '') === job.spec.labels[key]),
    );
  const size = Number(query.get('limit') ?? call.world.jobsPage) || call.world.jobsPage;
  const skip = Number(query.get('cursor') ?? 0) || 0;
  const more = skip + size < found.length ? nextLink(call, 'cursor', skip + size) : {};
  sendJson(call, found.slice(skip, skip + size).map(shown), more);
}

export function getJob(call: Call): void {
  sendJson(call, shown(jobOf(call)));
}

export async function labelJob(call: Call): Promise<void> {
  const { labels } = await readInput(call, z.object({ labels: Labels }));
  const job = jobOf(call, 'job.write');
  job.spec.labels = labels;
  sendJson(call, shown(job));
}

export function cancelJob(call: Call): void {
  const job = jobOf(call, 'job.write');
  if (job.isOver) throw new HubError(409, `the job is over: ${job.stage}`);
  job.cancel();
  sendJson(call, shown(job));
}

export function jobOf(call: Call, right = 'repo.content.read'): Job {
  const { namespace = '', job: id = '' } = call.params;
  requireRight(call, namespace, right, right === 'job.write' ? 'change this job' : 'see this job');
  const job = call.world.jobs.get(id);
  if (job?.owner.name !== namespace) throw new HubError(404, `Job ${id} not found`);
  return job;
}

function shown(job: Job): Record<string, unknown> {
  const { spec } = job;
  const now = (job.finishedAt ?? new Date()).getTime();
  const started = job.startedAt?.getTime();
  const seconds = (from: number, to: number): number => Math.floor((to - from) / 1000);
  return {
    type: 'job',
    id: job.id,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString() ?? null,
    finishedAt: job.finishedAt?.toISOString() ?? null,
    status: { stage: job.stage, message: job.message, failureCount: job.stage === 'ERROR' ? 1 : 0 },
    durations: {
      schedulingSecs: started === undefined ? null : seconds(job.createdAt.getTime(), started),
      runningSecs: started === undefined ? null : seconds(started, now),
      totalSecs: seconds(job.createdAt.getTime(), now),
    },
    owner: job.owner,
    createdBy: job.initiator,
    initiator: { ...job.initiator, type: 'user' },
    command: spec.command,
    arguments: spec.arguments,
    environment: spec.environment,
    secrets: Object.keys(spec.secrets),
    flavor: spec.flavor,
    dockerImage: spec.dockerImage,
    spaceId: spec.spaceId,
    timeoutSeconds: spec.timeoutSeconds,
    labels: spec.labels,
    volumes: spec.volumes.map(({ source, mountPath }) => ({ type: 'bucket', source, mountPath })),
  };
}

/** What a job finds in its environment about its machine. */
function machineOf({ cpu, ram, accelerator }: Hardware): Record<string, string> {
  const gpu = accelerator ? `${accelerator.quantity}x${accelerator.model}` : 'none';
  return { ACCELERATOR: gpu, CPU_CORES: Number.parseInt(cpu, 10).toString(), MEMORY: `${Number.parseInt(ram, 10)}Gi` };
}

const organization = (name: string): Job['owner'] => ({ id: objectId(`org/${name}`), name, type: 'org' });
