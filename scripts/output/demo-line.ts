import { shellWord } from '../plan/mapping.ts';
import { duration, money } from './units.ts';

/** A run on a few of the rows, once, and what its own plan says that it takes. */
export interface Demo {
  examples: number;
  seconds: number;
  usd: number;
}

/** What a demo takes and its command; nothing where none is worth it. `path`: the file of the plan that it starts from. */
export function demoLines(demo: Demo | null, path: string): string[] {
  if (!demo) return [];
  const { examples, seconds, usd } = demo;
  return [
    `Recommended first: ${examples} examples, about ${duration(seconds)} and ${money(usd)}, show whether the data teach what they should`,
    `hf-llm-trainer plan --from ${shellWord(path)} --examples ${examples} --epochs 1`,
  ];
}
