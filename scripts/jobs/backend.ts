import type { Plan } from '../plan/schema.ts';

/** Where a job is. The Hub's stages; a stage that it invents later is `UNKNOWN`. */
export const STAGES = ['SCHEDULING', 'RUNNING', 'COMPLETED', 'CANCELED', 'ERROR', 'DELETED', 'UNKNOWN'] as const;
export type Stage = (typeof STAGES)[number];

export const isOver = (stage: Stage): boolean => !['SCHEDULING', 'RUNNING', 'UNKNOWN'].includes(stage);

export interface Job {
  job_id: string;
  backend: Plan['hardware']['backend'];
  stage: Stage;
  /** The platform's own words, e.g. `Job timeout`. */
  message: string | null;
  flavor: string;
  /** Digest of the plan it runs; null for a job that isn't ours. */
  digest: string | null;
  /** ISO 8601; null before it happened. */
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** Where a person watches it: a page, or the log file. */
  url: string;
}

export interface JobRequest {
  plan: Plan;
  digest: string;
  script: string;
  /** Seconds after which the job is stopped; what is left of the plan's timeout for a later attempt. */
  timeout_seconds: number;
  /** False to start from nothing although a checkpoint of this plan exists. */
  resume: boolean;
}

/** Label that carries the plan's digest, so that a job is found again when its answer was lost. */
export const DIGEST_LABEL = 'hf-llm-trainer-digest';

/** Something that runs jobs. Two exist: Hugging Face Jobs, and this machine. */
export interface Backend {
  /** Creates one job and returns it. Throws TrainerError `auth`, `approval` (no credit), `network`. */
  create(request: JobRequest): Promise<Job>;
  /** Jobs with this digest's label, newest first. */
  find(digest: string): Promise<Job[]>;
  list(): Promise<Job[]>;
  /** Throws TrainerError `job_not_found`. */
  get(jobId: string): Promise<Job>;
  /**
   * Log lines from the first. With `follow`, goes on until the job is over and resumes a broken stream
   * without repeating a line; `tail` gives the last N only.
   */
  logs(jobId: string, options: { follow?: boolean; tail?: number; signal?: AbortSignal }): AsyncIterable<string>;
  /** Asks the job to end; returns once that has been asked. */
  cancel(jobId: string): Promise<void>;
}
