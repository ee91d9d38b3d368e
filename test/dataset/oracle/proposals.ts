import type { Shape } from '../../../scripts/dataset/methods/method.ts';
import type { MethodReport } from '../../../scripts/dataset/report.ts';
import { TrainerError } from '../../../scripts/errors.ts';
import { type Mapping, mappingWords } from '../../../scripts/plan/mapping.ts';
import { mapRowModule } from '../../../scripts/training/mapping-python.ts';
import { validateLocal } from '../support.ts';
import { type Case, isOfDataAlone, TRAINERS, type Trainer } from './case.ts';

/** A case as we say that it trains: under a proposed mapping, without the rows that are left out, or both. */
export interface Proposal {
  case: string;
  method: Trainer;
  /** The method and the flags: its name in the record. */
  key: string;
  /** The mapping's Python, as the training script runs it. */
  python: string | null;
  /** What decides which rows are left out. */
  drop: Pick<Shape, 'format' | 'conversational'> | null;
}

type Reports = Partial<Record<Trainer, MethodReport>>;

/** Everything that is promised about a case beside what it is as it is. */
export async function proposalsOf(one: Case, folder: string): Promise<Proposal[]> {
  // Without a model nothing is promised about chat templates and lengths.
  if (!isOfDataAlone(one)) return [];
  const path = one.write(folder);
  const [whole, dropped] = [await judged(path, false), await judged(path, true)];
  return TRAINERS.flatMap((method) => [
    ...mappings(whole[method]).map((mapping) => proposal(one.name, method, mapping, null)),
    ...leaving(dropped[method]).map(({ mapping, shape }) => proposal(one.name, method, mapping, shape)),
  ]);
}

async function judged(path: string, dropInvalid: boolean): Promise<Reports> {
  try {
    return (await validateLocal(path, { split: undefined, dropInvalid })).methods;
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'empty_dataset') return {};
    throw error;
  }
}

function mappings(report: MethodReport | undefined): Mapping[] {
  return report?.verdict === 'NEEDS_MAPPING' && report.mapping
    ? [report.mapping, ...(report.other_mappings ?? [])]
    : [];
}

/** What trains once rows are left out, where some are. */
function leaving(report: MethodReport | undefined): { mapping: Mapping | null; shape: Proposal['drop'] }[] {
  if (!report?.format || report.invalid_rows === 0) return [];
  const shape = { format: report.format, conversational: report.conversational ?? false };
  return [{ mapping: report.mapping ?? null, shape }];
}

function proposal(name: string, method: Trainer, mapping: Mapping | null, drop: Proposal['drop']): Proposal {
  const words = [...(mapping ? mappingWords(mapping) : []), ...(drop ? ['--drop-invalid'] : [])];
  return { case: name, method, key: `${method} ${words.join(' ')}`, python: mapping && mapRowModule(mapping), drop };
}
