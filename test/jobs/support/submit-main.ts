/** One process that submits a plan, and dies where it is told to. `submit-main.ts <json>` */
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../../scripts/jobs/ledger.ts';
import { submitOnce } from '../../../scripts/jobs/submit.ts';
import type { Plan } from '../../../scripts/plan/schema.ts';
import { FakeBackend } from './fake-backend.ts';

export interface SubmitJob {
  home: string;
  jobs: string;
  digest: string;
  plan: Plan;
  die?: 'entry written' | 'request sent' | 'job created';
  /** How long the backend takes to answer. */
  slow_ms?: number;
}

const { home, jobs, digest, plan, die, slow_ms = 0 } = JSON.parse(process.argv[2] ?? '{}') as SubmitJob;
const dieAt = (here: SubmitJob['die']) => {
  if (die === here) process.kill(process.pid, 'SIGKILL');
};
const backend = new FakeBackend(jobs, {
  before: async () => {
    dieAt('request sent');
    await sleep(slow_ms);
  },
  after: () => dieAt('job created'),
});
const submission = await submitOnce({
  plan,
  digest,
  script: 'print()',
  backend,
  endpoint: 'https://hub.example',
  namespace: 'alice',
  ledger: openLedger(home),
  again: false,
  now: () => new Date(),
  say: () => {},
  prepare: async () => dieAt('entry written'),
  listing_lag_ms: 0,
  poll_ms: 20,
});
process.stdout.write(JSON.stringify(submission));
