import type { MethodReport, PictureStatistics, TokenStatistics } from '../dataset/report.ts';
import type { JsonValue } from '../plan/json.ts';
import type { Planned } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { ModelFacts } from './model-facts.ts';

/** Where the recipe has to run. */
export interface Target {
  kind: 'cuda' | 'mps' | 'cpu';
  bf16: boolean;
}

/** What of a run doesn't depend on the hardware. Rows, tokens and steps are counts. */
export interface Workload {
  method: Planned;
  facts: ModelFacts;
  report: MethodReport;
  /** Of whole rows, their pictures too. */
  tokens: TokenStatistics;
  pictures?: PictureStatistics;
  /** Rows that are trained on, and rows held out. */
  rows: number;
  eval_rows: number;
  request: Request;
  /** Whether rows are packed, where --set doesn't say it. */
  packing?: boolean;
  /** Of a demo, the whole run: it decides how rows are batched, packed and trained. */
  whole?: Workload;
}

export interface Decision {
  what: string;
  because: string;
}

export function numberOr(value: JsonValue | undefined, fallback: number): number {
  return typeof value === 'number' && value > 0 ? value : fallback;
}
