import { shellWord } from '../plan/mapping.ts';
import { preview } from '../printable.ts';
import { duration, money } from './units.ts';

/** A run on a few of the rows, once, and what its own plan says that it takes. */
export interface Demo {
  examples: number;
  seconds: number;
  usd: number;
  /** Where it costs least, where it would save little on the flavor of the whole run. */
  flavor?: string;
  /** What keeps it to the mode of the whole run, where there is room for a better one. */
  lora?: 'on' | 'off' | 'qlora';
}

/** Why a run that costs dollars has no demo, in half a line. */
export interface NoDemo {
  none: string;
}

/** What a demo takes and its command, or why there is none; nothing for a run that costs little. `path`: the file of the plan that it starts from. */
export function demoLines(demo: Demo | NoDemo | null, path: string): string[] {
  if (!demo) return [];
  if ('none' in demo) return [`none: ${preview(demo.none, 300)}`];
  const { examples, seconds, usd, flavor, lora } = demo;
  const flags = [flavor && `--flavor ${flavor}`, lora && `--lora ${lora}`, `--examples ${examples} --epochs 1`];
  const shows = flavor
    ? 'whether the data teach it, not memory and speed here'
    : 'memory, speed, and whether the data teach it';
  return [
    `Recommended first: ${examples} examples${flavor ? ` on ${flavor}` : ''}, about ${duration(seconds)} and ${money(usd)}, show ${shows}`,
    `hf-llm-trainer plan --from ${shellWord(path)} ${flags.filter(Boolean).join(' ')}`,
  ];
}
