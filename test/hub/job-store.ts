import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Job, type JobSpec } from './job.ts';

export interface JobSettings {
  folder: string;
  /** Beside PATH and the Hub's address: UV_FIND_LINKS and a cache, for instance. */
  environment: Record<string, string>;
  graceMs: number;
  schedulingMs: number;
}

/** Every job of this Hub, running or over. */
export class JobStore {
  readonly #jobs = new Map<string, Job>();

  constructor(readonly settings: JobSettings) {}

  create(owner: Job['owner'], initiator: Job['initiator'], spec: JobSpec, machine: Record<string, string>): Job {
    const id = randomBytes(12).toString('hex');
    const { folder, environment, ...times } = this.settings;
    const surroundings = { ...times, folder: join(folder, id), environment: { ...environment, ...machine } };
    const job = new Job(id, owner, initiator, spec, surroundings);
    this.#jobs.set(id, job);
    return job;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Newest first. */
  all(): Job[] {
    return [...this.#jobs.values()].reverse();
  }

  /** Ends every process and waits until it is gone. */
  async close(): Promise<void> {
    for (const job of this.#jobs.values()) job.kill();
    await Promise.all([...this.#jobs.values()].map((job) => job.done));
  }
}
