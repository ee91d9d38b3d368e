import type { Finding, Plan } from '../plan/schema.ts';

/** What could go wrong, for the review card, the worst first; what is left out is said there already. */
export function riskLines(plan: Plan): string[] {
  const { left_out } = plan.dataset.rows;
  const of = (...kinds: Finding['kind'][]): string[] =>
    kinds
      .flatMap((kind) => plan.findings.filter((finding) => finding.kind === kind))
      .filter(({ code, message }) => !left_out.some((part) => part.code === code && part.message === message))
      .map(({ message, count }) => `${message}${count > 0 ? ` (${count} of the rows seen)` : ''}`);
  const lines = [...of('fails', 'harms', 'drops'), ...plan.notes, ...of('note')];
  if (plan.output.repo_id && !plan.output.private) {
    lines.push('The model will be public: everyone can read its card and script, and ask it for what it learned');
  }
  if (plan.limits.timeout_seconds < plan.estimate.seconds) {
    lines.push('It is stopped before it is expected to end: the model then is a checkpoint; raise --timeout');
  }
  return lines.length > 0 ? lines : ['nothing found'];
}
