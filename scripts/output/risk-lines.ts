import type { Finding, Plan } from '../plan/schema.ts';
import { grouped } from '../printable.ts';
import { duration, money } from './units.ts';

/** What could go wrong, for the review card, the worst first; what is left out is said there already. */
export function riskLines(plan: Plan): string[] {
  const { left_out } = plan.dataset.rows;
  const of = (...kinds: Finding['kind'][]): string[] =>
    kinds
      .flatMap((kind) => plan.findings.filter((finding) => finding.kind === kind))
      .filter(({ code, message }) => !left_out.some((part) => part.code === code && part.message === message))
      .map(({ message, count }) => `${message}${howMany(count, plan)}`);
  const lines = [...of('fails', 'harms', 'drops'), ...plan.notes, ...of('note')];
  if (plan.output.repo_id && !plan.output.private) {
    lines.push('The model will be public: everyone can read its card and script, and ask it for what it learned');
  }
  lines.push(...longTimeout(plan));
  return lines.length > 0 ? lines : ['nothing found'];
}

const howMany = (count: number, { dataset: { rows } }: Plan): string =>
  count === 0 ? '' : count === rows.total ? ' (all rows)' : ` (${grouped(count)} of the rows seen)`;

/** Of the end of the likely range; what it may bill besides, USD. */
const FAR_LONGER = 5;
const WORTH_SAYING = 1;

/** A timeout that no such run needs: what hangs is billed all of it. Jobs state no limit of their own. */
function longTimeout({ request, estimate, limits }: Plan): string[] {
  const { timeout_seconds, max_usd } = limits;
  const longest = estimate.seconds_range?.[1] ?? estimate.seconds;
  const far = request.timeout !== undefined && timeout_seconds > FAR_LONGER * longest + 900;
  if (!far || max_usd - estimate.usd < WORTH_SAYING) return [];
  return [
    `--timeout is ${duration(timeout_seconds)} for a run of about ${duration(estimate.seconds)}: one that hangs is billed for all of it, ${money(max_usd)}. Leave --timeout out, or make it shorter`,
  ];
}
