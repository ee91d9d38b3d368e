import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainerError } from '../../../scripts/errors.ts';
import type { Backend, Job, JobRequest } from '../../../scripts/jobs/backend.ts';

export interface CreatedJob extends Job {
  request: Pick<JobRequest, 'timeout_seconds' | 'resume'>;
}

export interface FakeBehaviour {
  /** Runs when the request has arrived, before the job exists; may throw. */
  before?: () => Promise<void> | void;
  /** Runs when the job exists, before it is answered; may throw: a lost answer. */
  after?: () => Promise<void> | void;
  /** Lists that don't show the newest job yet. */
  hidden_lists?: number;
  list_error?: Error;
}

/** A backend whose jobs are files, so that several processes see the same ones. Nothing runs. */
export class FakeBackend implements Backend {
  lists = 0;

  constructor(
    private readonly folder: string,
    public behaviour: FakeBehaviour = {},
  ) {
    mkdirSync(folder, { recursive: true });
  }

  /** Oldest first. */
  get created(): CreatedJob[] {
    return readdirSync(this.folder)
      .map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as CreatedJob)
      .sort((a, b) => a.created_at.localeCompare(b.created_at));
  }

  change(jobId: string, change: Partial<Job>): void {
    const job = this.created.find((one) => one.job_id === jobId);
    writeFileSync(join(this.folder, `${jobId}.json`), JSON.stringify({ ...job, ...change }));
  }

  put(job: Partial<Job> & { digest: string }): Job {
    const whole: CreatedJob = {
      job_id: randomUUID(),
      backend: 'hf',
      stage: 'RUNNING',
      message: null,
      flavor: 't4-small',
      created_at: new Date().toISOString(),
      started_at: null,
      finished_at: null,
      url: 'https://example.com/job',
      request: { timeout_seconds: 0, resume: true },
      ...job,
    };
    writeFileSync(join(this.folder, `${whole.job_id}.json`), JSON.stringify(whole));
    return whole;
  }

  async create({ digest, timeout_seconds, resume, plan }: JobRequest): Promise<Job> {
    await this.behaviour.before?.();
    const job = this.put({ digest, backend: plan.hardware.backend });
    this.change(job.job_id, { request: { timeout_seconds, resume } } as Partial<Job>);
    await sleep(2); // two jobs never have the same creation time
    await this.behaviour.after?.();
    return job;
  }

  async find(digest: string): Promise<Job[]> {
    this.lists++;
    if (this.behaviour.list_error) throw this.behaviour.list_error;
    const jobs = this.created.filter((job) => job.digest === digest).reverse();
    if ((this.behaviour.hidden_lists ?? 0) > 0) {
      this.behaviour.hidden_lists = (this.behaviour.hidden_lists ?? 0) - 1;
      return jobs.slice(1);
    }
    return jobs;
  }

  async list(): Promise<Job[]> {
    return this.created.reverse();
  }

  async get(jobId: string): Promise<Job> {
    const job = this.created.find((one) => one.job_id === jobId);
    if (!job) throw new TrainerError('usage', 'job_not_found', `no job ${jobId}`, 'ps');
    return job;
  }

  async *logs(): AsyncGenerator<string> {}

  async cancel(jobId: string): Promise<void> {
    this.change(jobId, { stage: 'CANCELED' });
  }
}
