import * as z from 'zod';
import { printable } from '../../printable.ts';
import { redact } from '../../redact.ts';
import { DIGEST_LABEL, type Job, STAGES, type Stage } from '../backend.ts';

/** A job as the API answers it, as far as we read it; new fields and stages are no error. */
export const ApiJob = z.object({
  id: z.string(),
  createdAt: z.string(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  status: z.object({ stage: z.string(), message: z.string().nullish() }),
  durations: z
    .object({
      schedulingSecs: z.number().nullish(),
      runningSecs: z.number().nullish(),
      totalSecs: z.number().nullish(),
    })
    .nullish(),
  flavor: z.string().nullish(),
  labels: z.record(z.string(), z.string().nullable()).nullish(),
  environment: z.record(z.string(), z.unknown()).nullish(),
});
export type ApiJob = z.infer<typeof ApiJob>;

/** Where jobs live: a Hub, and the user or organization on it. */
export interface JobPlace {
  endpoint: string;
  namespace: string;
}

/** Label names and values take letters, digits, `.`, `_` and `-`; Kubernetes allows 63 of them. */
const LABEL_LENGTH = 63;

/** The first 160 bits of the digest: no two plans share them. */
export const digestLabel = (digest: string): string => digest.slice(0, 40);

export function jobLabels(digest: string, name: string): Record<string, string> {
  const clean = name.replace(/[^a-zA-Z0-9._-]+/g, '-').slice(0, LABEL_LENGTH);
  return {
    [DIGEST_LABEL]: digestLabel(digest),
    name: clean.replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '') || 'training',
  };
}

export function toJob(api: ApiJob, place: JobPlace): Job {
  const created = Date.parse(api.createdAt);
  const after = (seconds: number | null | undefined): string | null =>
    typeof seconds === 'number' && Number.isFinite(created) ? new Date(created + seconds * 1000).toISOString() : null;
  const stage = toStage(api.status.stage);
  const over = ['COMPLETED', 'CANCELED', 'ERROR', 'DELETED'].includes(stage);
  const started = api.startedAt ?? (api.durations?.runningSecs ? after(api.durations.schedulingSecs) : null);
  return {
    job_id: api.id,
    backend: 'hf',
    stage,
    message: api.status.message ? printable(redact(api.status.message)).slice(0, 500) : null,
    flavor: api.flavor ?? 'unknown',
    digest: digestOf(api),
    created_at: api.createdAt,
    started_at: started,
    finished_at: api.finishedAt ?? (over ? after(api.durations?.totalSecs) : null),
    url: `${place.endpoint}/jobs/${place.namespace}/${api.id}`,
  };
}

function toStage(stage: string): Stage {
  const upper = stage.toUpperCase();
  return STAGES.find((one) => one === upper) ?? (upper === 'CANCELLED' ? 'CANCELED' : 'UNKNOWN');
}

/** The label holds its beginning, the environment all of it; both are the submitter's, so they must agree. */
function digestOf({ labels, environment }: ApiJob): string | null {
  const label = labels?.[DIGEST_LABEL];
  const whole = environment?.HF_LLM_TRAINER_DIGEST;
  if (!label) return null;
  return typeof whole === 'string' && digestLabel(whole) === label ? whole : label;
}
