import type { MethodReport } from '../../../scripts/dataset/report.ts';
import type { Outcome } from './outcomes.ts';

const STAGES = ['load', 'init', 'map', 'train'];

type Judged = Pick<MethodReport, 'verdict'> & { findings: readonly { kind: string; stage?: string | undefined }[] };

/** What is wrong with a verdict, given what TRL did; null where they agree. */
export function disagreement({ verdict, findings }: Judged, outcome: Outcome): string | null {
  const trains = outcome.outcome === 'trains';
  if (verdict === 'READY' && !trains)
    return `READY, but ${outcome.outcome} ${outcome.stage ?? ''} ${outcome.error ?? ''}`;
  if (verdict === 'INCOMPATIBLE' && trains) return 'INCOMPATIBLE, but trains';
  // The earliest of several reasons is the one that TRL meets. What stops the training script itself has no stage of TRL's.
  const stages = findings.flatMap(({ kind, stage }) => (kind === 'fails' && stage !== undefined ? [stage] : []));
  const first = stages.sort((a, b) => STAGES.indexOf(a) - STAGES.indexOf(b))[0];
  if (outcome.outcome !== 'fails' || outcome.stage === 'load' || first === undefined) return null;
  return first === outcome.stage ? null : `says that it fails at ${first}, but at ${outcome.stage}: ${outcome.error}`;
}
