import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { redact } from '../../redact.ts';
import { type JobFolder, type JobState, writeState } from './job-folder.ts';

/** A job's state and log on disk. A full disk must not end the training: then the log loses lines. */
export class Recorder {
  constructor(
    private readonly folder: JobFolder,
    private state: JobState,
  ) {}

  /** The supervisor is there. Throws where it can't be written. */
  async begin(): Promise<void> {
    await writeState(this.folder, this.state);
  }

  /** Something on the way. Where it can't be written, the next change carries it. */
  async record(change: Partial<JobState>): Promise<void> {
    this.state = { ...this.state, ...change };
    await writeState(this.folder, this.state).catch(() => undefined);
  }

  /** The outcome. Tried for a while: without it, readers can only say that the supervisor vanished. */
  async finish(change: Partial<JobState>, retries = 10): Promise<void> {
    this.state = { ...this.state, ...change };
    for (let left = retries; ; left--) {
      try {
        return await writeState(this.folder, this.state);
      } catch (error) {
        if (left === 0) throw error;
        await sleep(1000);
      }
    }
  }

  log(line: string): void {
    this.append(redact(`${line}\n`));
  }

  append(lines: string): void {
    try {
      appendFileSync(this.folder.log, lines);
    } catch {
      // nothing to tell it to
    }
  }
}
