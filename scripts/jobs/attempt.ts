import type { Plan } from '../plan/schema.ts';
import type { Backend } from './backend.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { thisProcess } from './process.ts';

export interface SubmitParams {
  plan: Plan;
  /** Of this plan, approved. Checking that is the caller's. */
  digest: string;
  script: string;
  backend: Backend;
  /** The Hub that `backend` speaks to; null on this machine. */
  endpoint: string | null;
  /** Whose account pays and owns the job; null on this machine. */
  namespace: string | null;
  ledger: Ledger;
  /** A new run of a plan that is done, or from nothing for one that failed. */
  again: boolean;
  now: () => Date;
  /** Progress, a line at a time. */
  say: (line: string) => void;
  /** What has to be in place before the job, such as uploaded data. Done once, by whoever submits. */
  prepare?: () => Promise<void>;
  signal?: AbortSignal;
  /** How long a new job may be missing from the backend's list; 30 s on Jobs, none here. */
  listing_lag_ms?: number;
  poll_ms?: number;
}

/** The first attempt of the first run; what differs is the caller's to set. */
export function newEntry(params: SubmitParams, attempt: number): LedgerEntry {
  const { plan, digest, endpoint, namespace, now } = params;
  return {
    version: 1,
    digest,
    attempt,
    run: 1,
    state: 'submitting',
    owner: thisProcess(),
    created_at: now().toISOString(),
    asked_at: null,
    backend: plan.hardware.backend,
    endpoint,
    namespace,
    timeout_seconds: plan.limits.timeout_seconds,
    resume: true,
    goes_on: false,
    plan,
    job: null,
    error: null,
  };
}
