import type { DatasetReport } from '../dataset/report.ts';
import { type Method, PLANNED } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { Decision } from '../planner/workload.ts';
import { rewarded } from '../training/regions.ts';

/** Where neither the person nor the data say which. */
const DEFAULT_METHOD = 'sft' satisfies Method;

/** What the flags say: a reward is learned from by GRPO, unless it is said by what. */
export const methodAsked = ({ method, reward }: Pick<Request, 'method' | 'reward'>): Method | undefined =>
  method ?? (reward && reward.length > 0 ? 'grpo' : undefined);

/** The method asked for, or the one that the data are best for, and why. */
export function chooseMethod(request: Request, dataset: DatasetReport): { method: Method; decisions: Decision[] } {
  const asked = methodAsked(request);
  if (asked !== undefined) return { method: asked, decisions: [] };
  const { methods, recommended, recommended_because } = dataset;
  const best = PLANNED.find((one) => one === recommended);
  if (best !== undefined && !rewarded(best)) {
    return { method: best, decisions: [{ what: best.toUpperCase(), because: recommended_because ?? 'fits the data' }] };
  }
  // Prompts are in almost all data: what can train without a reward is meant first, and the card shows what harms it.
  const ready = PLANNED.find((method) => !rewarded(method) && methods[method]?.verdict === 'READY');
  return { method: ready ?? best ?? DEFAULT_METHOD, decisions: [] };
}
