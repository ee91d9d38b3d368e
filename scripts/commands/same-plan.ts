import { canonicalJson, planDigest } from '../plan/digest.ts';
import type { Plan } from '../plan/schema.ts';

/**
 * The plan that was started from, where a new one for the same request does the same at the same price: it keeps its
 * name and digest. The two may tell differently why; what is new to say makes a new plan.
 */
export function sameAgain<Made extends { plan: Plan; digest: string }>(base: Plan, made: Made): Made {
  const news = made.plan.notes.filter((note) => !base.notes.includes(note));
  if (news.length > 0 || work(made.plan) !== work(base)) return made;
  const plan = { ...base, made: made.plan.made };
  return { ...made, plan, digest: planDigest(plan) };
}

/** All but what a plan that starts from another keeps without being asked, and the words about it. */
function work({ made: _made, request, why: _why, notes: _notes, ...rest }: Plan): string {
  const { method: _method, ...asked } = request;
  return canonicalJson([asked, rest]);
}
