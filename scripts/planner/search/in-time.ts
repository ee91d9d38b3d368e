import { type JobTime, stoppingSeconds } from '../time.ts';

/** Whether a run is over when it is stopped: `surely` by the end of its range, `likely` by the estimate alone. */
export type InTime = 'surely' | 'likely' | 'no';

/**
 * By a timeout that was asked for, seconds; one that the plan derives is far enough away. The last step has to be over
 * when the script begins to save.
 */
export function inTime(time: JobTime, timeout: number | null): InTime {
  if (timeout === null) return 'surely';
  const over = timeout - stoppingSeconds(timeout, time.stopping) + time.parts.saving;
  if (time.range[1] <= over) return 'surely';
  return time.seconds <= over ? 'likely' : 'no';
}
