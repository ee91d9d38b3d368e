import type { DatasetReport } from '../dataset/report.ts';
import { PLANNED, type Planned } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { Decision } from '../planner/workload.ts';

/** Where neither the person nor the data say which. */
const DEFAULT_METHOD = 'sft' satisfies Planned;

/** What the flags say: a reward is learned from by GRPO, unless it is said by what. */
export const methodAsked = ({ method, reward }: Pick<Request, 'method' | 'reward'>): Planned | undefined =>
  method ?? (reward && reward.length > 0 ? 'grpo' : undefined);

/** The method asked for, or the one that the data are best for, and why. */
export function chooseMethod(request: Request, dataset: DatasetReport): { method: Planned; decisions: Decision[] } {
  const asked = methodAsked(request);
  if (asked !== undefined) return { method: asked, decisions: [] };
  const { methods, recommended, recommended_because } = dataset;
  const best = PLANNED.find((one) => one === recommended);
  if (best !== undefined) {
    return { method: best, decisions: [{ what: best.toUpperCase(), because: recommended_because ?? 'fits the data' }] };
  }
  // Then most rows of what is ready train on something else than they seem: the card shows it.
  const ready = PLANNED.find((method) => methods[method]?.verdict === 'READY');
  return { method: ready ?? DEFAULT_METHOD, decisions: [] };
}
