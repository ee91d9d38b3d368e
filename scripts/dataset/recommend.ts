import type { Method } from '../plan/methods.ts';
import type { MethodReport } from './report.ts';

/**
 * What each method's data says that it was made for, the most telling first: labelled answers are made for KTO, pairs
 * for DPO, answers for SFT; prompts alone are what is left where there are none. What merely does comes after.
 */
const PURPOSES: readonly { method: Method; format?: MethodReport['format']; because: string }[] = [
  { method: 'kto', format: 'unpaired-preference', because: 'each answer is labelled good or bad' },
  { method: 'dpo', because: 'it has pairs of a better and a worse answer' },
  { method: 'sft', format: 'prompt-completion', because: 'it has answers to prompts' },
  { method: 'sft', because: 'it is text, or conversations, to go on like' },
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

/** The method that fits best. None where nothing trains, or most rows train on something else than they seem. */
export function recommend(methods: Partial<Record<Method, MethodReport>>): Recommendation | null {
  const ready = PURPOSES.filter(({ method, format }) => fits(methods[method], 'READY', format));
  const mapped = PURPOSES.filter(({ method, format }) => fits(methods[method], 'NEEDS_MAPPING', format));
  const [best] = ready;
  const [next] = mapped;
  // Prompts are in almost all data: a mapping that shows what it was made for says more.
  if (next && (!best || isOnline(best.method)) && !isOnline(next.method)) {
    return { method: next.method, because: `once its columns are mapped, ${next.because}` };
  }
  if (best) return { method: best.method, because: best.because };
  return next ? { method: next.method, because: `once its columns are mapped, ${next.because}` } : null;
}

function fits(
  report: MethodReport | undefined,
  verdict: MethodReport['verdict'],
  format: MethodReport['format'] | undefined,
): boolean {
  if (!report || report.verdict !== verdict || report.harmful) return false;
  return format === undefined || report.format === format;
}

const isOnline = (method: Method): boolean => method === 'grpo' || method === 'rloo';
