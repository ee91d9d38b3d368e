import { isOnline, type Method } from '../plan/methods.ts';
import type { MethodReport } from './report.ts';

/**
 * What each method's data says that it was made for, the most telling first: labelled answers are made for KTO, pairs
 * for DPO, answers for SFT; prompts alone are what is left where there are none. What merely does comes after.
 */
const PURPOSES: readonly { method: Method; format?: MethodReport['format']; because: string }[] = [
  { method: 'kto', format: 'unpaired-preference', because: 'each answer is labelled good or bad' },
  { method: 'dpo', because: 'it has pairs of a better and a worse answer' },
  { method: 'sft', format: 'prompt-completion', because: 'it has answers to prompts' },
  { method: 'sft', because: 'it has texts or conversations to learn to write' },
  { method: 'reward', because: 'it has pairs of a better and a worse answer' },
  { method: 'kto', because: 'it has pairs of a better and a worse answer' },
  { method: 'grpo', because: 'it has prompts, whose answers a reward function can score' },
  { method: 'rloo', because: 'it has prompts, whose answers a reward function can score' },
];

export interface Recommendation {
  method: Method;
  /** Half a line. */
  because: string;
}

type Methods = Partial<Record<Method, MethodReport>>;

/**
 * The method that fits best: as the data are, else once they are mapped, else by `dropped`, the reports without the
 * rows that can't train. None where nothing trains, or most rows train on something else than they seem.
 */
export function recommend(methods: Methods, dropped: Methods = {}): Recommendation | null {
  const found = [
    ...fitting(methods, 'READY', ''),
    ...fitting(methods, 'NEEDS_MAPPING', 'once its columns are mapped, '),
    ...fitting(dropped, 'READY', 'once the rows that stop TRL are left out, '),
    ...fitting(dropped, 'NEEDS_MAPPING', 'once rows are left out and its columns are mapped, '),
  ];
  // Prompts are in almost all data: what shows what the data were made for says more.
  return found.find(({ method }) => !isOnline(method)) ?? found[0] ?? null;
}

const fitting = (methods: Methods, verdict: MethodReport['verdict'], once: string): Recommendation[] =>
  PURPOSES.filter(({ method, format }) => fits(methods[method], verdict, format)).map(({ method, because }) => ({
    method,
    because: once + because,
  }));

function fits(
  report: MethodReport | undefined,
  verdict: MethodReport['verdict'],
  format: MethodReport['format'] | undefined,
): boolean {
  if (!report || report.verdict !== verdict || report.harmful) return false;
  return format === undefined || report.format === format;
}
