import type { MethodReport } from '../../../scripts/dataset/report.ts';
import type { Finding } from '../../../scripts/plan/schema.ts';
import type { Outcome } from './outcomes.ts';

const STAGES = ['load', 'init', 'map', 'train'];

type Said = Pick<Finding, 'kind' | 'stage' | 'error' | 'count'>;
type Judged = Pick<MethodReport, 'verdict'> & { findings: readonly Said[] };

/** What is wrong with what we say about rows as they are, given what TRL did with them; null where they agree. */
export function disagreement({ verdict, findings }: Judged, outcome: Outcome): string | null {
  const trains = outcome.outcome === 'trains';
  if (verdict === 'READY' && !trains) return `READY, but ${did(outcome)}`;
  if (verdict === 'INCOMPATIBLE' && trains) return 'INCOMPATIBLE, but trains';
  const failing = findings.filter(({ kind }) => kind === 'fails');
  if (trains) return failing.length > 0 ? 'has a finding that it fails, but trains' : null;
  // What stops the training script itself has no words of TRL's.
  if (outcome.stage === 'load') return null;
  // The earliest of several reasons is the one that TRL meets.
  const staged = failing.filter(({ stage }) => stage !== undefined);
  const first = staged.map(({ stage }) => stage).sort((a, b) => at(a) - at(b))[0];
  if (first === undefined) return null;
  // Training stops where no row is left; the record says that none was.
  if (outcome.outcome !== 'fails' && first === 'train') return null;
  if (first !== outcome.stage) return `says that it fails at ${first}, but ${did(outcome)}`;
  const words = staged.flatMap(({ stage, error }) => (stage === first && error !== undefined ? [error] : []));
  if (words.length === 0 || words.some((error) => outcome.error?.includes(error))) return null;
  return `says that TRL says ${words.join(' or ')}, but ${did(outcome)}`;
}

/**
 * The same of the rows that TRL leaves out, of a dataset that trains. `tooLong`: the share of the rows that we say are
 * left out for their length.
 */
export function miscounted(
  { findings }: Pick<Judged, 'findings'>,
  { kept }: Outcome,
  rows: number,
  tooLong = 0,
): string | null {
  const [left, all] = kept ?? [rows, rows];
  const dropped = findings.filter(({ kind }) => kind === 'drops').reduce((sum, { count }) => sum + count, 0);
  // KTO makes two rows of a pair.
  const said = Math.round((dropped + tooLong * rows) * (all / rows));
  return said === all - left ? null : `says that ${said} of ${all} are left out, but ${all - left} are`;
}

const at = (stage: string | undefined): number => STAGES.indexOf(stage ?? '');

const did = ({ outcome, stage, error }: Outcome): string =>
  outcome === 'fails' ? `${outcome} at ${stage}: ${error}` : outcome;
