import * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { authHeaders, errorSentence, type Hub, httpError } from './client.ts';

/** The dataset viewer's API, as far as validation reads it: https://huggingface.co/docs/dataset-viewer */

/** Rows of one page, the API's own maximum. */
export const PAGE_ROWS = 100;
/** Milliseconds that one answer may take. */
const PATIENCE = 60_000;

const Splits = z.object({ splits: z.array(z.object({ config: z.string(), split: z.string() })) });
const Size = z.object({
  size: z.object({
    splits: z.array(z.object({ config: z.string(), split: z.string(), num_rows: z.number().nullable() })),
  }),
  partial: z.boolean().default(false),
});
const Page = z.object({
  features: z.array(z.object({ name: z.string(), type: z.unknown() })),
  rows: z.array(
    z.object({
      row_idx: z.number().int(),
      row: z.record(z.string(), z.unknown()),
      truncated_cells: z.array(z.string()).default([]),
    }),
  ),
  num_rows_total: z.number().int().nullish(),
  partial: z.boolean().default(false),
});

export type ViewerSplits = z.infer<typeof Splits>['splits'];
export type ViewerPage = z.infer<typeof Page> & {
  /** Commit that the viewer shows, where it says so. */
  revision: string | null;
};

export interface ViewerOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait for one answer, retries included. */
  patience?: number | undefined;
}

/** Throws TrainerError `auth`, `data` (empty) or `network` (viewer not ready, slow, not reachable), as all here. */
export async function viewerSplits(hub: Hub, dataset: string, options: ViewerOptions): Promise<ViewerSplits> {
  return (await ask(hub, 'splits', { dataset }, Splits, options)).answer.splits;
}

/** Rows of each split of a configuration; null where the viewer has seen only a part. */
export async function viewerSizes(
  hub: Hub,
  dataset: string,
  config: string,
  options: ViewerOptions,
): Promise<Map<string, number | null>> {
  const { answer } = await ask(hub, 'size', { dataset, config }, Size, options);
  return new Map(answer.size.splits.map(({ split, num_rows }) => [split, answer.partial ? null : num_rows]));
}

export interface SplitName {
  dataset: string;
  config: string;
  split: string;
}

export async function viewerRows(
  hub: Hub,
  { dataset, config, split }: SplitName,
  offset: number,
  options: ViewerOptions,
  length = PAGE_ROWS,
): Promise<ViewerPage> {
  const query = { dataset, config, split, offset: String(offset), length: String(length) };
  return page(await ask(hub, 'rows', query, Page, options));
}

/** The first rows, also of datasets that the viewer could not convert to parquet. */
export async function viewerFirstRows(
  hub: Hub,
  { dataset, config, split }: SplitName,
  options: ViewerOptions,
): Promise<ViewerPage> {
  return page(await ask(hub, 'first-rows', { dataset, config, split }, Page, options));
}

const page = ({ answer, revision }: { answer: z.infer<typeof Page>; revision: string | null }): ViewerPage => ({
  ...answer,
  revision,
});

async function ask<T>(
  hub: Hub,
  verb: string,
  query: Record<string, string>,
  schema: z.ZodType<T>,
  { signal, patience = PATIENCE }: ViewerOptions,
): Promise<{ answer: T; revision: string | null }> {
  const url = `${hub.datasetsServer}/${verb}?${new URLSearchParams(query)}`;
  const timeout = AbortSignal.timeout(patience);
  try {
    const response = await hub.fetch(url, {
      headers: authHeaders(hub),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const body = await response.text();
    if (!response.ok) throw refusal(hub, query.dataset ?? '', response, body);
    return { answer: schema.parse(JSON.parse(body)), revision: response.headers.get('x-revision') };
  } catch (error) {
    if (error instanceof TrainerError || signal?.aborted) throw error;
    if (timeout.aborted) {
      throw notReady(
        'viewer_slow',
        `the dataset viewer didn't answer within ${patience / 1000} s`,
        query.dataset ?? '',
        error,
      );
    }
    throw notReady(
      'bad_answer',
      `the dataset viewer's answer can't be read: ${preview(errorMessage(error), 120)}`,
      query.dataset ?? '',
      error,
    );
  }
}

/** What an error of the viewer means; `X-Error-Code` says which, the body why. */
function refusal(hub: Hub, dataset: string, response: Response, body: string): TrainerError {
  const code = response.headers.get('x-error-code') ?? '';
  const said = errorSentence(body);
  if (code === 'EmptyDatasetError' || code === 'SplitsNamesError' || code === 'DataFilesNotFoundError') {
    const reason = said ? `: ${said}` : '';
    return new TrainerError(
      'data',
      'empty_dataset',
      `dataset ${dataset} has no data that can be read (${code}${reason})`,
      'Look at the files on its page; another dataset or another revision may hold the rows.',
    );
  }
  // It says 404 for what this token, or nobody without one, may see.
  const status = code.startsWith('External') ? (hub.token ? 403 : 401) : response.status;
  if (status === 401 || status === 403) return httpError(status, `dataset ${dataset}`, hub, said);
  if (response.status === 429) {
    return new TrainerError(
      'network',
      'rate_limited',
      `the dataset viewer has had too many requests (HTTP 429)`,
      'Try again in a few minutes; a token (hf auth login) raises the limit, and --full needs many requests.',
    );
  }
  const why = [`HTTP ${response.status}`, code, said].filter((part) => part !== '').join(', ');
  return notReady('viewer_not_ready', `the dataset viewer can't show it (${why})`, dataset);
}

function notReady(code: string, why: string, dataset: string, cause?: unknown): TrainerError {
  return new TrainerError(
    'network',
    code,
    `dataset ${dataset}: ${why}`,
    `Try again later, or validate a copy: hf download ${dataset} --repo-type dataset --local-dir data && hf-llm-trainer validate ./data`,
    { cause },
  );
}
