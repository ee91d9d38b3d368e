import type { runJob } from '@huggingface/hub';
import { errorMessage, TrainerError } from '../../errors.ts';
import { hubCall, hubError } from '../../hub/api-error.ts';
import { type Hub, httpError, hubParams } from '../../hub/client.ts';
import { printable } from '../../printable.ts';
import { type Backend, DIGEST_LABEL, isOver, type Job, type JobRequest } from '../backend.ts';
import { needsHub, trainingVariables } from '../variables.ts';
import { jobCommand } from './command.ts';
import { digestLabel, jobLabels } from './job.ts';
import { listJobs, readJob } from './list.ts';
import { type LogStreamParams, streamLines } from './logs.ts';

export interface HfBackendParams {
  hub: Hub;
  /** The user or organization that pays and owns the jobs. */
  namespace: string;
  log_timing?: LogStreamParams['timing'];
}

/** Large, and a job on this machine needs none of it: loaded when it is called. */
const library = () => import('@huggingface/hub');

/** Hugging Face Jobs. */
export function hfBackend({ hub, namespace, log_timing }: HfBackendParams): Backend {
  const place = { endpoint: hub.endpoint, namespace };
  const read = (answer: unknown): Job => readJob(answer, hub, place);
  const named = (jobId: string) => ({ ...hubParams(hub), namespace, jobId: safeId(jobId, hub) });

  const get = async (jobId: string): Promise<Job> => {
    const target = named(jobId);
    try {
      return read(await hubCall(hub, `job ${jobId}`, async () => (await library()).getJob(target)));
    } catch (error) {
      throw error instanceof TrainerError && error.code === 'not_found' ? jobNotFound(jobId, hub) : error;
    }
  };

  return {
    async create(request) {
      const spec = jobSpec(request, hub);
      return read(
        await hubCall(hub, `a job for ${namespace}`, async () =>
          (await library()).runJob({ ...hubParams(hub), namespace, ...spec }),
        ),
      );
    },

    get,

    find: async (digest) => {
      const label = `${DIGEST_LABEL}=${digestLabel(digest)}`;
      const jobs = await listJobs(hub, place, { label });
      // A server that doesn't know the filter answers with every job.
      return jobs.filter((job) => job.digest !== null && digestLabel(job.digest) === digestLabel(digest));
    },

    list: () => listJobs(hub, place),

    async *logs(jobId, { follow = false, tail, signal }) {
      const target = named(jobId);
      await get(jobId);
      const open = async function* (inner: AbortSignal): AsyncGenerator<string> {
        const fetch: typeof globalThis.fetch = (input, init) => hub.fetch(input, { ...init, signal: inner });
        const { streamJobLogs } = await library();
        try {
          for await (const { message } of streamJobLogs({ ...target, fetch })) yield* linesOf(message);
        } catch (error) {
          const failure = hubError(hub, `the log of job ${jobId}`, error);
          // Before it starts, a job may have no log yet.
          if (!(failure instanceof TrainerError && failure.code === 'not_found')) throw lostStream(failure, jobId);
        }
      };
      const over = async () => isOver((await get(jobId)).stage);
      yield* streamLines({ open, isOver: over, follow, tail, signal, ...(log_timing ? { timing: log_timing } : {}) });
    },

    async cancel(jobId) {
      const target = named(jobId);
      if (isOver((await get(jobId)).stage)) return;
      try {
        await hubCall(hub, `job ${jobId}`, async () => (await library()).cancelJob(target));
      } catch (error) {
        // It may have ended in the meantime, which is what was wanted.
        if (!isOver((await get(jobId)).stage)) throw error;
      }
    },
  };
}

type RunJobParams = Parameters<typeof runJob>[0];
type JobSpec = Pick<
  RunJobParams,
  'dockerImage' | 'command' | 'environment' | 'secrets' | 'flavor' | 'timeoutSeconds' | 'labels' | 'volumes'
>;

/** Everything that a forgotten default would lose: the token, the timeout, the label. */
function jobSpec(request: JobRequest, hub: Hub): JobSpec {
  const { plan, digest, script, timeout_seconds } = request;
  if (!plan.hardware.image) {
    throw new TrainerError(
      'usage',
      'no_image',
      'the plan names no Docker image for its job',
      'Make the plan anew with --backend hf.',
    );
  }
  const { bucket } = plan.output;
  if (!hub.token && needsHub(plan)) throw httpError(401, 'Hugging Face Jobs', hub);
  return {
    dockerImage: plan.hardware.image,
    command: jobCommand(script),
    environment: {
      ...trainingVariables(request),
      ...(bucket ? { HF_LLM_TRAINER_BUCKET: bucket.mount_path } : {}),
      // Inside a job the Hub is the public one by default.
      ...(hub.endpoint === 'https://huggingface.co' ? {} : { HF_ENDPOINT: hub.endpoint }),
    },
    secrets: hub.token ? { HF_TOKEN: hub.token } : {},
    flavor: plan.hardware.flavor as RunJobParams['flavor'], // its type lacks the newer ones
    timeoutSeconds: timeout_seconds,
    labels: jobLabels(digest, plan.output.trackio.run_name),
    ...(bucket ? { volumes: [{ source: { type: 'bucket', name: bucket.id }, mountPath: bucket.mount_path }] } : {}),
  };
}

/** An event holds one line, as a rule. */
const linesOf = (message: unknown): string[] =>
  typeof message === 'string' ? message.replace(/\r?\n$/, '').split('\n') : [];

/** A stream that broke is tried again; what the Hub refuses is final. */
function lostStream(error: unknown, jobId: string): unknown {
  if (error instanceof TrainerError) return error;
  return new TrainerError(
    'network',
    'log_lost',
    `the log of job ${jobId} broke off: ${errorMessage(error)}`,
    'Try again; the log is kept after the job is over, too.',
    { cause: error },
  );
}

/** A job id becomes a part of a URL. */
function safeId(jobId: string, hub: Hub): string {
  if (!/^[\w-]+$/.test(jobId)) throw jobNotFound(jobId, hub);
  return jobId;
}

function jobNotFound(jobId: string, hub: Hub): TrainerError {
  return new TrainerError(
    'usage',
    'job_not_found',
    `there is no job ${printable(jobId)} on ${hub.endpoint}`,
    'hf-llm-trainer ps --all lists the jobs.',
  );
}
