import * as z from 'zod';
import { TrainerError } from '../../errors.ts';
import { authHeaders, bodyMessage, type Hub, httpError } from '../../hub/client.ts';
import { printable } from '../../printable.ts';
import type { Job } from '../backend.ts';
import { ApiJob, type JobPlace, toJob } from './job.ts';

/** All pages, newest first. The library's own list has no filter and reads one page. */
export async function listJobs(hub: Hub, place: JobPlace, filter: { label?: string } = {}): Promise<Job[]> {
  const query = filter.label ? `?label=${encodeURIComponent(filter.label)}` : '';
  const first = `${place.endpoint}/api/jobs/${encodeURIComponent(place.namespace)}${query}`;
  const jobs: Job[] = [];
  for (let url: string | undefined = first; url; ) {
    const response: Response = await hub.fetch(url, { headers: authHeaders(hub) });
    const what = `the jobs of ${place.namespace}`;
    if (!response.ok) throw httpError(response.status, what, hub, await bodyMessage(response));
    const answer: unknown = await response.json().catch(() => null);
    jobs.push(...parse(z.array(ApiJob), answer, hub).map((job) => toJob(job, place)));
    url = nextPage(response, hub);
  }
  return jobs.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}

/** `Link: <url>; rel="next"`, on the same origin only: the token goes with it. */
function nextPage(response: Response, hub: Hub): string | undefined {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  if (!link) return undefined;
  const url = new URL(link, hub.endpoint);
  return url.origin === new URL(hub.endpoint).origin ? url.href : undefined;
}

/** Throws TrainerError `bad_answer`. */
export const readJob = (answer: unknown, hub: Hub, place: JobPlace): Job => toJob(parse(ApiJob, answer, hub), place);

function parse<T>(schema: z.ZodType<T>, answer: unknown, hub: Hub): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new TrainerError(
    'network',
    'bad_answer',
    `${hub.endpoint} answered about jobs in a shape that this version doesn't know: ${printable(z.prettifyError(parsed.error)).slice(0, 300)}`,
    'Look at the job on its page, and update hf-llm-trainer.',
  );
}
